"""The certificate by which the processes of one stack know each other, and its authority.

They are new at every start, and the authority's key is never written: no reader of the home can
make a certificate that is trusted.
"""

from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from faastraingym.embedded.files import write_private

# It ends with its stack, not by a clock that may be wrong, or set while the stack is up; RFC 5280
# (4.1.2.5) has the second moment for that.
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


class Certificates(NamedTuple):
    """Names of PEM files."""

    authority: str
    certificate: str
    key: str


FILES = Certificates("authority.pem", "certificate.pem", "key.pem")


def make(folder: Path) -> None:
    """Write FILES there: a certificate of 127.0.0.1, to serve and to call with."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _signed(
        "faastrain", authority_key, authority_key, x509.BasicConstraints(ca=True, path_length=0)
    )
    certificate = _signed(
        "weed",
        key,
        authority_key,
        x509.BasicConstraints(ca=False, path_length=None),
        x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(folder / FILES.authority, authority.public_bytes(Encoding.PEM))
    write_private(folder / FILES.certificate, certificate.public_bytes(Encoding.PEM))
    write_private(folder / FILES.key, secret)


def _signed(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    by: ec.EllipticCurvePrivateKey,
    *extensions: x509.ExtensionType,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named("faastrain"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_BEGIN)
        .not_valid_after(_END)
    )
    for extension in extensions:
        builder = builder.add_extension(
            extension, critical=isinstance(extension, x509.BasicConstraints)
        )
    return builder.sign(by, SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
