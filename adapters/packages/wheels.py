"""Wheels of environments, as foreign bytes: what may be in one, and what it is.

Nothing is unpacked to look at it, and nothing here trusts what an archive says of itself: sizes are
bounded before a byte is decompressed, and held to while it is.
"""

import hashlib
import io
import re
import stat
import sys
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from typing import NamedTuple

from faastraingym.adapters.packages.imports import imported
from faastraingym.schemas.errors import PackageError
from faastraingym.schemas.package_record import PackageRecord

MAX_BYTES = 16 << 20  # of a package
MAX_UNPACKED = 64 << 20  # of its files together
MAX_FILES = 4_000
MAX_NAME = 255  # bytes of a part of a file's name
MAX_PATH = 1_000
NATIVE = (".so", ".pyd", ".dylib", ".dll")
ENCRYPTED = 0x1
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What zipfile raises for bytes that are no archive; NotImplementedError: of a version of the format
# that it does not read.
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError)
# What functions import themselves: nothing that is added may hide it.
OURS = {
    *("faastraingym", "function", "functions", "handler", "http_server", "index"),
    *("gymnasium", "numpy", "msgpack", "msgspec", "nats", "httptools", "uvloop", "yaml"),
    *("jax", "jaxlib", "flax", "optax", "matplotlib", "packaging", "minio", "pip", "setuptools"),
}


class Package(NamedTuple):
    """A package of environments."""

    name: str  # the distribution's
    version: str
    modules: tuple[str, ...]  # that can be imported from it, of the top
    imports: tuple[str, ...]  # modules of others that its code names
    requires: tuple[str, ...]  # requirements, as its metadata have them
    data: bytes  # the wheel

    @property
    def sha256(self) -> str:
        """The wheel's digest, by which it is stored and named."""
        return hashlib.sha256(self.data).hexdigest()

    def record(self, added_at: float) -> PackageRecord:
        """What the store is told of it."""
        return PackageRecord(
            name=self.name,
            version=self.version,
            sha256=self.sha256,
            size=len(self.data),
            modules=list(self.modules),
            imports=list(self.imports),
            requires=list(self.requires),
            added_at=added_at,
        )


def read(data: bytes, called: str) -> Package:
    """The package in a wheel's bytes.

    Args:
        data: the wheel.
        called: its file's name, for errors.

    Raises:
        PackageError: no wheel, not pure Python, larger than allowed, or with files that could land
            elsewhere than in a folder of its own.
    """
    files = dict(members(data, called))
    folder = _dist_info(files, called)
    metadata, tags = (_headers(files, f"{folder}/{name}", called) for name in ("METADATA", "WHEEL"))
    _check_pure(files, tags, called)
    if not metadata["Name"] or not metadata["Version"]:
        raise PackageError(f"{called}: {folder}/METADATA has no Name or no Version; build it again")
    modules = sorted({_module(name) for name in files} - {""})
    if not modules:
        raise PackageError(f"{called}: has no module to import; name a wheel of Python code")
    hidden = sorted((sys.stdlib_module_names | OURS) & set(modules))
    if hidden:
        raise PackageError(
            f"{called}: its module {hidden[0]} would hide Python's or the functions' own; give the "
            "file or folder another name"
        )
    return Package(
        name=str(metadata["Name"]),
        version=str(metadata["Version"]),
        modules=tuple(modules),
        imports=tuple(sorted(imported(files) - set(modules))),
        requires=tuple(map(str, metadata.get_all("Requires-Dist") or [])),
        data=data,
    )


def members(data: bytes, called: str) -> Iterator[tuple[str, bytes]]:
    """The name and content of each file; all names and sizes are checked before the first one.

    Raises:
        PackageError: as `read`.
    """
    if len(data) > MAX_BYTES:
        raise PackageError(f"{called}: has {len(data)} bytes; allowed: at most {MAX_BYTES}")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in _checked(archive.infolist(), called):
                with archive.open(entry) as file:
                    # With a size zlib unpacks no more than that; reading to the end checks the CRC.
                    yield entry.filename, file.read(entry.file_size + 1)
    except PackageError:
        raise
    except UNREADABLE as error:
        raise PackageError(f"{called}: is no wheel: {error}") from error


def _checked(entries: list[zipfile.ZipInfo], called: str) -> list[zipfile.ZipInfo]:
    """The files among an archive's entries."""
    total = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_FILES or total > MAX_UNPACKED:
        raise PackageError(
            f"{called}: would unpack to {total} bytes in {len(entries)} files; allowed: at most "
            f"{MAX_UNPACKED} bytes in {MAX_FILES} files"
        )
    for entry in entries:
        problem = _problem(entry)
        if problem:
            raise PackageError(f"{called}: {entry.orig_filename!r:.200} {problem}")
    files = [entry for entry in entries if not entry.is_dir()]
    _check_places([entry.filename for entry in files], called)
    return files


def _problem(entry: zipfile.ZipInfo) -> str:
    """Why an entry may not be unpacked; empty when it may."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device; allowed: files"
    if entry.filename != entry.orig_filename or not is_inside(entry.filename):
        return "would leave the package's folder; allowed: plain relative names"
    if entry.flag_bits & ENCRYPTED or entry.compress_type not in COMPRESSIONS:
        return "is encrypted or compressed by another method than deflate"
    return ""


def is_inside(name: str) -> bool:
    """Whether a file of this name lies in the folder that it is unpacked to, on every system."""
    parts = name.removesuffix("/").split("/")
    return (
        name.isprintable()
        and len(name.encode(errors="replace")) <= MAX_PATH
        and not re.search(r'[\\:*?"<>|]', name)
        and all(part not in ("", ".", "..") for part in parts)
        and all(len(part.encode(errors="replace")) <= MAX_NAME for part in parts)
    )


def _check_places(names: list[str], called: str) -> None:
    """Raise where two files would be one, or one would be another's folder, if case is ignored."""
    places = [name.casefold() for name in names]
    folders = {place[:i] for place in places for i, letter in enumerate(place) if letter == "/"}
    times = Counter(places)
    for place, name in zip(places, names, strict=True):
        if place in folders or times[place] > 1:
            raise PackageError(f"{called}: {name!r:.200} is there twice")


def _dist_info(files: dict[str, bytes], called: str) -> str:
    found = {name.partition("/")[0] for name in files if re.match(r"[^/]+\.dist-info/", name)}
    if len(found) != 1:
        raise PackageError(
            f"{called}: is no wheel, which has one folder .dist-info; build one with "
            "`pip wheel --no-deps FOLDER`"
        )
    return found.pop()


def _headers(files: dict[str, bytes], name: str, called: str) -> Message:
    if name not in files:
        raise PackageError(f"{called}: has no {name}, so it is no wheel; build it again")
    return BytesParser().parsebytes(files[name], headersonly=True)


def _check_pure(files: dict[str, bytes], tags: Message, called: str) -> None:
    """Raise unless any Python on any machine can import it from a folder."""
    found = tags.get_all("Tag") or []
    native = next((name for name in files if name.endswith(NATIVE)), "")
    if native or not any(str(tag).endswith("-none-any") for tag in found):
        what = native or f"is built for {', '.join(map(str, found)) or 'no machine'}"
        raise PackageError(
            f"{called}: {what}: compiled code does not travel; install it where the "
            "functions run (docs/environments.md)"
        )
    spread = next((name for name in files if re.match(r"[^/]+\.data/", name)), "")
    if spread:
        raise PackageError(f"{called}: {spread} belongs outside of the package; allowed: modules")


def _module(name: str) -> str:
    """The top module that a file belongs to; empty for data and metadata."""
    top, slash, _ = name.partition("/")
    name = top if slash else top.removesuffix(".py")
    is_code = name.isidentifier() and (slash or top.endswith(".py"))
    return name if is_code else ""
