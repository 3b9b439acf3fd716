"""weed's addresses: a port for each of its planes, and Unix sockets."""

from collections.abc import Mapping

from faastraingym.embedded.servers import ports

PLANES = ("s3", "master", "volume", "filer", "admin")
PORTS = tuple(
    f"weed-{plane}{kind}"
    for plane in PLANES
    for kind in ("", "-grpc")
    if (plane, kind) != ("admin", "-grpc")
)
GRPC_OFFSET = 10_000  # its worker looks for the admin's gRPC there, despite the option
GAPS = {"weed-admin": GRPC_OFFSET}
# No option stops it from making these for its gRPC; umask and certificate leave them to it alone.
SOCKETS = {
    f"weed-{plane}" if plane == "admin" else f"weed-{plane}-grpc": (
        f"/tmp/seaweedfs-{plane}-grpc-{{}}.sock"  # noqa: S108
    )
    for plane in PLANES
}
FORMER = {  # of homes of the versions before, whose HTTP had sockets there too
    f"weed-{plane}": f"/tmp/seaweedfs-{plane}-{{}}.sock"  # noqa: S108
    for plane in ("s3", "filer")
}


def options(numbers: Mapping[str, int]) -> dict[str, int]:
    """Its options for these ports: all are named, for those that it makes up may be taken."""
    found = {"admin.port.grpc": numbers["weed-admin"] + GRPC_OFFSET}
    for name in PORTS:
        plane, _, kind = name.removeprefix("weed-").partition("-")
        found[f"{plane}.port{'.' + kind if kind else ''}"] = numbers[name]
    return found


def remove_sockets(numbers: Mapping[str, int]) -> None:
    """Remove what the weed of these ports, which is gone, left where all users can write."""
    for sockets in (SOCKETS, FORMER):
        for name in sockets.keys() & numbers.keys():
            ports.remove_own(sockets[name].format(numbers[name] + GAPS.get(name, 0)))
