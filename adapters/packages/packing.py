"""Files of Python code as a wheel: the same files give the same bytes on every machine."""

import base64
import hashlib
import io
import re
import zipfile
from collections.abc import Mapping, Sequence

from faastraingym.adapters.packages.wheels import Package, read

EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip archive can name
FILE_MODE = 0o100644
WHEEL = "Wheel-Version: 1.0\nGenerator: faastrain\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def packed(module: str, files: Mapping[str, bytes], requires: Sequence[str] = ()) -> Package:
    """The wheel of one module, whose version is a digest of its files.

    Args:
        module: the name by which it is imported.
        files: what it consists of, by path: `my_env.py`, or `my_env/__init__.py` and others.
        requires: requirements on other packages, as PEP 508 writes them.

    Raises:
        PackageError: the files make no package that may be added.
    """
    version = f"0+{_digest(files, requires)}"
    folder = f"{re.sub(r'[-_.]+', '_', module)}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {one}\n" for one in requires)
    metadata = f"Metadata-Version: 2.1\nName: {module}\nVersion: {version}\n{needs}"
    everything = {
        **files,
        f"{folder}/METADATA": metadata.encode(),
        f"{folder}/WHEEL": WHEEL.encode(),
    }
    record = "".join(_line(name, everything[name]) for name in sorted(everything))
    everything[f"{folder}/RECORD"] = f"{record}{folder}/RECORD,,\n".encode()
    return read(_archive(everything), module)


def _digest(files: Mapping[str, bytes], requires: Sequence[str]) -> str:
    parts = [
        *(f"{name}\0{hashlib.sha256(files[name]).hexdigest()}" for name in sorted(files)),
        *requires,
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _line(name: str, data: bytes) -> str:
    """A file's line in RECORD, as PEP 376 has it."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    quoted = f'"{name}"' if "," in name else name
    return f"{quoted},sha256={digest},{len(data)}\n"


def _archive(files: Mapping[str, bytes]) -> bytes:
    """A zip archive, not compressed: zlib's versions differ in the bytes that they write."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3  # Unix, on every system
            entry.external_attr = FILE_MODE << 16
            archive.writestr(entry, files[name])
    return target.getvalue()
