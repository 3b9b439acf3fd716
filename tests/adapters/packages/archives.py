"""Archives that nobody should unpack, made byte by byte."""

import io
import stat
import zipfile

METADATA = b"Metadata-Version: 2.1\nName: evil\nVersion: 1\n"
WHEEL = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
HONEST = {
    "evil.py": b"import gymnasium\n",
    "evil-1.dist-info/METADATA": METADATA,
    "evil-1.dist-info/WHEEL": WHEEL,
    "evil-1.dist-info/RECORD": b"",
}


def wheel(
    more: dict[str, bytes] | None = None,
    without: str = "",
    mode: int = stat.S_IFREG | 0o644,
    compression: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """An honest wheel with more files, of this mode, and without one."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as archive:
        for name, data in {**HONEST, **(more or {})}.items():
            if name == without:
                continue
            entry = zipfile.ZipInfo(name)
            entry.compress_type = compression
            entry.external_attr = (mode if name in (more or {}) else 0o100644) << 16
            archive.writestr(entry, data)
    return target.getvalue()


def zeros(size: int) -> bytes:
    """A wheel with a file of this many zeros, written in pieces."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in HONEST.items():
            archive.writestr(name, data)
        with archive.open("zeros.bin", "w", force_zip64=True) as file:
            for _ in range(size >> 20):
                file.write(bytes(1 << 20))
    return target.getvalue()


def lying(size: int, told: int) -> bytes:
    """The same, whose directory says that the file has `told` bytes."""
    data = bytearray(wheel({"zeros.bin": bytes(size)}))
    right, wrong = size.to_bytes(4, "little"), told.to_bytes(4, "little")
    assert data.count(right) >= 2  # in the file's own header, and in the directory
    return bytes(data.replace(right, wrong))
