"""Listing a bucket: ListObjectsV2's query and its answer's XML. Pure.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""

from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote, unquote_plus
from xml.etree import ElementTree

from faastraingym.adapters.errors import Unavailable
from faastraingym.events.ports import Listed

ANY = "{*}"  # AWS and MinIO name a namespace, others may not


class Page(NamedTuple):
    """A part of a bucket's list."""

    objects: list[Listed]
    folders: list[str]  # prefixes that end with the delimiter
    token: str  # asks for the next page; empty: this is the last


def query(prefix: str, delimiter: str, token: str) -> str:
    """The encoded query of one page; a `delimiter` folds keys that have it after the prefix."""
    parts = {
        "continuation-token": token,
        "delimiter": delimiter,
        "encoding-type": "url",  # XML cannot hold every character that a key may have
        "list-type": "2",
        "prefix": prefix,
    }
    return "&".join(f"{name}={quote(text, safe='-_.~')}" for name, text in parts.items() if text)


def page(answer: bytes) -> Page:
    """Read a store's answer; Unavailable: it is no list."""
    try:
        if b"<!DOCTYPE" in answer:  # no store's list has one, and its entities may grow
            raise ValueError("a document type")
        return _page(ElementTree.fromstring(answer))  # noqa: S314
    except (ElementTree.ParseError, LookupError, ValueError, OverflowError) as error:
        raise Unavailable(f"the bucket's list cannot be read: {error}: {answer[:200]!r}") from error


def _page(root: ElementTree.Element) -> Page:
    is_encoded = root.findtext(f"{ANY}EncodingType") == "url"

    def name(parent: ElementTree.Element, tag: str) -> str:
        text = _text(parent, tag)
        return unquote_plus(text) if is_encoded else text

    objects = [
        Listed(
            name(found, "Key"),
            found.findtext(f"{ANY}ETag", "").strip('"'),
            datetime.fromisoformat(_text(found, "LastModified")).timestamp(),
            int(found.findtext(f"{ANY}Size", "0")),
        )
        for found in root.iterfind(f"{ANY}Contents")
    ]
    folders = [name(found, "Prefix") for found in root.iterfind(f"{ANY}CommonPrefixes")]
    is_last = _text(root, "IsTruncated") != "true"
    return Page(objects, folders, "" if is_last else _text(root, "NextContinuationToken"))


def _text(parent: ElementTree.Element, tag: str) -> str:
    found = parent.findtext(ANY + tag)
    if not found:
        raise ValueError(f"no {tag}")
    return found
