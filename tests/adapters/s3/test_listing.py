"""What a store says of its bucket, read."""

import pytest

from faastraingym.adapters.errors import Unavailable
from faastraingym.adapters.s3.listing import Page, page, query
from faastraingym.events.ports import Listed

AWS = (
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    b"<Name>b</Name><EncodingType>url</EncodingType><KeyCount>2</KeyCount>"
    b"<IsTruncated>true</IsTruncated><NextContinuationToken>a/+=</NextContinuationToken>"
    b"<Contents><Key>runs/a/b+c%2B%C3%A9%0B</Key><LastModified>2024-01-02T03:04:05.678Z</LastModified>"
    b"<ETag>&quot;4f&quot;</ETag><Size>3</Size></Contents>"
    b"<CommonPrefixes><Prefix>runs/c+d/</Prefix></CommonPrefixes>"
    b"</ListBucketResult>"
)
PLAIN = (
    b"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a+%41</Key>"
    b"<LastModified>2024-01-02T03:04:05Z</LastModified></Contents></ListBucketResult>"
)


def test_a_page_is_read() -> None:
    """Names are decoded where they are encoded; a time is Unix time."""
    key = "runs/a/b c+é\v"
    assert page(AWS) == Page([Listed(key, "4f", 1704164645.678, 3)], ["runs/c d/"], "a/+=")
    assert page(PLAIN) == Page([Listed("a+%41", "", 1704164645.0)], [], "")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "no element found"),
        (b"<html>busy", "no element found"),
        (b"<Error><Code>SlowDown</Code></Error>", "no IsTruncated"),
        (b'<!DOCTYPE a [<!ENTITY e "true">]>' + PLAIN, "a document type"),
        (PLAIN.replace(b"false", b"true"), "no NextContinuationToken"),
        (PLAIN.replace(b"a+%41", b""), "no Key"),
        (PLAIN.replace(b"2024-01-02T", b"yesterday "), "yesterday"),
        (b'<?xml version="1.0" encoding="no-such"?>' + PLAIN, "unknown encoding"),
    ],
)
def test_what_is_no_list_is_an_outage(answer: bytes, why: str) -> None:
    """Half a list would make objects seem lost that are there."""
    with pytest.raises(Unavailable, match=f"list cannot be read: .*{why}"):
        page(answer)


def test_a_query_is_encoded_and_sorted() -> None:
    """As the signature takes it; a part that is empty is left out."""
    assert query("", "", "") == "encoding-type=url&list-type=2"
    asked = "continuation-token=a%2F%2B%3D&delimiter=%2F&encoding-type=url&list-type=2&prefix=a%20b"
    assert query("a b", "/", "a/+=") == asked
