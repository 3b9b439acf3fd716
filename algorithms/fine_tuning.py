"""Version 0 of a run that begins with the networks of a registered policy: pure."""

from collections.abc import Iterator

import msgspec
import numpy as np

from faastraingym.algorithms import registry
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.offline.stream import differences
from faastraingym.schemas.models import ModelVersion
from faastraingym.schemas.payloads import LearnerState
from faastraingym.schemas.specification import RunSpec, to_dict

SAME = ("activation", "network")  # settings that no array's shape tells, and outputs depend on


def begun(state: LearnerState, networks: LearnerState) -> LearnerState:
    """A new `state` with the parameters that `networks` have, too; its optimizer stays new.

    What only one of the two has, or in another shape, as critics of another algorithm, is new.
    """
    found = networks.parameters
    return LearnerState(
        version=state.version,
        env_steps=state.env_steps,
        parameters={
            path: found[path] if path in found and _form(found[path]) == _form(own) else own
            for path, own in state.parameters.items()
        },
        optimizer=state.optimizer,
        statistics=networks.statistics,
    )


def misfits(
    version: ModelVersion, networks: LearnerState, info: SpaceInfo, spec: RunSpec
) -> list[str]:
    """A sentence for each way in which a registered policy cannot be the first one of a run.

    Args:
        version: of the policy.
        networks: that the registry keeps of it.
        info: the spaces of the run's environment.
        spec: of the run.
    """
    problems = [*_other_spaces(version, info, spec), *_other_arrays(version, networks, info, spec)]
    return problems or [*_other_settings(version, networks, spec)]


def _other_spaces(version: ModelVersion, info: SpaceInfo, spec: RunSpec) -> Iterator[str]:
    if version.spaces is None:
        return
    known = msgspec.convert(list(version.spaces), SpaceInfo)
    for difference in differences(known, info):
        yield f"spec.init_from: found {version} with {difference}, as {spec.environment.id} has"


def _other_arrays(
    version: ModelVersion, networks: LearnerState, info: SpaceInfo, spec: RunSpec
) -> Iterator[str]:
    wanted = registry.acting(spec).policy_arrays(spec, info)
    acts = {path.partition("/")[0] for path in wanted}
    has = {p: a for p, a in networks.parameters.items() if p.partition("/")[0] in acts}
    for path in sorted({*wanted, *has}):
        array, allowed = has.get(path), wanted.get(path)
        if array is None or allowed is None or allowed.sizes(array) is None:
            found = "nothing" if array is None else f"{array.dtype.str} {list(array.shape)}"
            yield (
                f"spec.init_from: found {version} with {found} as {path}; allowed: "
                f"{allowed or 'nothing'}, as spec.algorithm has"
            )


def _other_settings(version: ModelVersion, networks: LearnerState, spec: RunSpec) -> Iterator[str]:
    own, parents = (to_dict(each)["algorithm"] for each in (spec, registry.parse(version.spec)))
    for name in SAME:
        found, allowed = own.get(name), parents.get(name)
        if found != allowed:
            yield f"spec.algorithm.{name}: found {found}; allowed: {allowed}, as {version} has"
    normalized = networks.statistics is not None
    if normalized != spec.algorithm.normalize_observations:
        yield (
            f"spec.algorithm.normalize_observations: found {str(not normalized).lower()}; allowed: "
            f"{str(normalized).lower()}, as {version} has"
        )


def _form(array: np.ndarray) -> tuple[str, tuple[int, ...]]:
    return array.dtype.str, array.shape
