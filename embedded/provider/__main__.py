"""The process provider's process, alone: any gateway of OpenFaaS's may stand before it.

A gateway takes its address as `functions_provider_url`, which ends in `/`. Told by the gateway's
variables, of which it listens on FTG_LISTEN_HOST and FTG_PROVIDER_PORT. Prints `provider ready`
when it serves; SIGTERM stops it and every replica.
"""

from faastraingym.embedded.gateway.serving import budget, run, stopped
from faastraingym.embedded.gateway.settings import GatewaySettings
from faastraingym.embedded.provider.process import serving

READY = "provider ready"


async def serve(settings: GatewaySettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = stopped()
    async with serving(settings, settings.host, budget(settings)):
        print(READY, flush=True)
        await stop.wait()


if __name__ == "__main__":
    run("provider", serve)
