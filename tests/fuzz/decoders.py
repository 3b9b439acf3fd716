"""Everything that reads bytes, text or data from outside, and what it may raise. Nothing else.

A decoder that is added to the code is added to a table here: it is then fuzzed by
`test_decoders.py` and by `python -m tests.fuzz`.
"""

from tests.fuzz import adapter_decoders, embedded_decoders, event_decoders, schema_decoders
from tests.fuzz.decoder import Decoder

DECODERS: dict[str, Decoder] = {
    **schema_decoders.TABLE,
    **event_decoders.TABLE,
    **adapter_decoders.TABLE,
    **embedded_decoders.TABLE,
}
