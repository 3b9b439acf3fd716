"""What the store knows of a package of environments, beside its bytes."""

from typing import Annotated

from msgspec import Meta, Struct

from faastraingym.schemas.references import Sha256


class PackageRecord(Struct, frozen=True, kw_only=True):
    """A package as `faastrain env list` shows it, and as an environment's id is looked up."""

    name: Annotated[str, Meta(description="as its metadata have it")]
    version: str
    sha256: Sha256
    size: Annotated[int, Meta(ge=0, description="bytes")]
    modules: Annotated[list[str], Meta(description="that are imported by these names; of the top")]
    imports: Annotated[list[str], Meta(description="modules of others that its code names")] = []
    requires: Annotated[list[str], Meta(description="other packages, as its metadata have it")] = []
    added_at: Annotated[float, Meta(description="Unix time, seconds")] = 0.0
