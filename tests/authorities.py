"""A certificate authority of one's own, and another."""

from pathlib import Path
from typing import NamedTuple

import trustme

from faastraingym.embedded.settings import Tls


class Authorities(NamedTuple):
    """Ours, and one that signed nothing here."""

    ours: Path
    other: Path
    tls: Tls


def authorities(folder: Path) -> Authorities:
    """Generated, with a certificate for 127.0.0.1."""
    ours, other = trustme.CA(), trustme.CA()
    certificate = ours.issue_cert("127.0.0.1")
    files = Authorities(folder / "ours.pem", folder / "other.pem", Tls(*(folder,) * 3))
    ours.cert_pem.write_to_path(str(files.ours))
    other.cert_pem.write_to_path(str(files.other))
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(folder / "certificate.pem"))
    tls = Tls(folder / "certificate.pem", folder / "key.pem", files.ours)
    return files._replace(tls=tls)
