"""SBX: Stable-Baselines3 with networks and updates in JAX, so the same settings and arguments."""

# mypy: disable-error-code="import-not-found"
import sbx

from benchmarks.peers.stable_baselines3_process import main

if __name__ == "__main__":
    main(sbx)
