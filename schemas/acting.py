"""What callers ask of a policy, in `act` as in a step that a policy takes."""

from typing import Annotated, Literal

from msgspec import Meta

FORMS = "models/NAME@ALIAS, models/NAME/VERSION, models/NAME, runs/RUN/VERSION or runs/RUN"

Extra = Literal["log_probs", "values", "memory"]
Wanted = Annotated[list[Extra], Meta(max_length=3, description="what else to answer")]
PolicyName = Annotated[str, Meta(max_length=256, description=FORMS)]
Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]
