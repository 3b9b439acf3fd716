"""The headers by which an outside event differs from a message of the pipeline."""

from collections.abc import Mapping

from faastraingym.events.delivery.requests import TOPIC
from faastraingym.events.pipeline.subjects import START

CLOUDEVENT = "application/cloudevents+json"
BINARY_CLOUDEVENT = "ce-specversion"
NAME_OF = {  # by content type, a file name with the suffix that selects its parser
    "application/json": "specification.json",
    "application/toml": "specification.toml",
    "application/yaml": "specification.yaml",
    # Names that YAML had before RFC 9512.
    **dict.fromkeys(("application/x-yaml", "text/yaml", "text/x-yaml"), "specification.yaml"),
}


def is_event(headers: Mapping[str, str]) -> bool:
    """Whether a request claims to be an outside event; names of headers in lower case."""
    kind = media_type(headers.get("content-type", ""))
    published = headers.get(TOPIC.lower(), "").startswith(f"{START}.")  # with any other headers
    return published or kind in (*NAME_OF, CLOUDEVENT) or BINARY_CLOUDEVENT in headers


def media_type(text: str) -> str:
    """A content type without its parameters."""
    return text.partition(";")[0].strip().lower()
