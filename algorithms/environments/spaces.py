"""Whether an environment may be used, and whether the algorithm can learn there.

A run may use the environments that are registered with Gymnasium in this process; the modules that
the deployment names register theirs. An id with a module prefix imports code: only of packages that
the operator added.
"""

import inspect
import re
from collections.abc import Collection, Iterator

import gymnasium
from gymnasium.envs.registration import load_env_creator

from faastraingym.algorithms import footprint
from faastraingym.algorithms.actors.evaluation_pieces import divided
from faastraingym.algorithms.actors.filming import MODE, draws_pictures
from faastraingym.algorithms.actors.step_loop import MAX_STEPS
from faastraingym.algorithms.environments import memory, on_jax, trial, wrappers
from faastraingym.algorithms.environments.foreign import ADD_OR_INSTALL, missing, place, words
from faastraingym.algorithms.environments.registered import registered
from faastraingym.algorithms.environments.space_info import SpaceInfo, built, describe
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.algorithms.limits import NOT_TOLD, Limits
from faastraingym.algorithms.networks import description
from faastraingym.algorithms.networks import problems as networks
from faastraingym.algorithms.registry import parse
from faastraingym.algorithms.setting_types import sde
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.specification import EnvironmentSpec, Potential, RunSpec
from faastraingym.schemas.validation import suggestion

__all__ = ["SpaceInfo", "check", "describe", "validate"]

PACKAGED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[\w/.-]+")
MAX_SIZE = 1 << 16  # inputs or outputs of a network
MAX_TRAJECTORY_BYTES = 256_000_000
EXTRAS = {"phys2d": "jax", "tabular": "jax"}  # of families that have no extra of their name
PACKAGES = {  # by the modules that they bring
    "ale_py": "gymnasium[atari]",
    "Box2D": "gymnasium[box2d]",
    "cv2": "gymnasium[other]",
    "mujoco": "gymnasium[mujoco]",
    "pygame": "gymnasium[classic-control]",
}
RESERVED = {
    "disable_env_checker": "collection decides it",
    "num_envs": "it is spec.environment.num_envs",
    "render_mode": "nobody watches a rollout",
    "vector_kwargs": "collection decides it",
    "vectorization_mode": "collection decides it",
    "wrappers": "it is spec.environment.wrappers",
}
HIDDEN = {"args", "kwargs", "render_mode"}  # of constructors: nothing that a specification names


def validate(raw: object, limits: Limits = NOT_TOLD) -> RunSpec:
    """The specification, completed; held to its schema, its environment and functions' memory.

    Raises:
        SpecificationError: it cannot be run.
    """
    spec = parse(raw)
    problems = check(spec, limits)
    if problems:
        raise SpecificationError(problems)
    return divided(spec)


def check(spec: RunSpec, limits: Limits = NOT_TOLD) -> list[str]:
    """Why the algorithm cannot learn in `spec.environment`: one sentence per problem, or none.

    It is built, reset and stepped here: foreign code, which may do anything (in a process apart).
    """
    if problems := refused(spec.environment):
        return problems
    try:
        info = describe(spec)
    except EnvironmentFailed as error:
        return [sentence(spec.environment, error)]
    misfits = list(_misfits(spec, info, limits))
    return misfits or trial.problems(spec, info) or memory.problems(spec) or [*_undrawn(spec)]


def refused(environment: EnvironmentSpec, allowed: Collection[str] = ()) -> list[str]:
    """Why an environment is not even built: its id, arguments or wrappers; a sentence each.

    `allowed` are arguments that a specification may not set, and that may be set here.
    """
    return [
        *(on_jax.problems if on_jax.is_one(environment) else _refused_id)(environment),
        *_refused_kwargs(environment, allowed),
        *wrappers.problems(environment, MAX_STEPS),
    ]


def advice(spec: RunSpec) -> list[str]:
    """Advice on a specification that can be run: one sentence each.

    Raises:
        EnvironmentFailed: the environment cannot be built, to see its spaces.
    """
    info = describe(spec)
    is_scaled = spec.algorithm.normalize_observations or description.trunk(spec, info).encoders
    if not info.bytes_shape or is_scaled:
        return []
    return [f"{spec.environment.id} {_unscaled(info)}"]


def _undrawn(spec: RunSpec) -> Iterator[str]:
    """Of an environment that is to be filmed and says that it cannot be."""
    if not spec.evaluation.recorded:
        return
    environment = built(spec.environment)
    if not draws_pictures(environment.metadata):
        yield (
            f"spec.evaluation.record: found {spec.evaluation.recorded}; allowed: 0, for "
            f"{spec.environment.id} draws no pictures: {MODE!r} is not in its "
            "metadata['render_modes']"
        )
    environment.close()


def _unscaled(info: SpaceInfo) -> str:
    shape = "x".join(map(str, info.bytes_shape))
    return (
        f"shows {shape}, which an MLP reads as {info.observation_size} numbers of 0 to 255, not "
        "scaled: register it in a file of your own under GrayscaleObservation, "
        "ResizeObservation, FrameStackObservation (images) and a TransformObservation that "
        "divides by 255, or set algorithm.normalize_observations = true, or have it read as an "
        "image (algorithm.network.images)"
    )


def _refused_id(environment: EnvironmentSpec) -> Iterator[str]:
    env_id = environment.id
    if environment.package_digests:
        if not PACKAGED.fullmatch(env_id):
            yield (
                f"spec.environment.id: found {env_id!r} with spec.environment.packages; allowed: "
                "module:name, the id of an environment that the module registers, or a class"
            )
    elif ":" in env_id:
        yield (
            f"spec.environment.id: found {env_id!r}, which would import a module; "
            "allowed: the id of a registered environment, or a package's with "
            "spec.environment.packages"
        )
    elif env_id not in gymnasium.registry:
        near = suggestion(env_id, list(gymnasium.registry))
        # the whole registry is too long to read
        near = near if near.startswith("; did") else f"; {_unknown(env_id)}"
        yield f"spec.environment.id: no environment {env_id!r} is registered{near}"


def _unknown(env_id: str) -> str:
    """Where environments that are not Gymnasium's own come from."""
    if env_id.startswith("ALE/"):
        return "`pip install 'gymnasium[atari]'` and set FTG_ENVIRONMENTS=ale_py"
    if "/" in env_id:
        return "name the module that registers it in FTG_ENVIRONMENTS"
    return "`gymnasium.pprint_registry()` lists all"


def _refused_kwargs(environment: EnvironmentSpec, allowed: Collection[str]) -> Iterator[str]:
    for name in environment.kwargs:
        if name in RESERVED and name not in allowed:
            yield f"spec.environment.kwargs.{name}: may not be set; {RESERVED[name]}"
    limit = environment.kwargs.get("max_episode_steps", 1)
    if type(limit) is not int or not 1 <= limit <= MAX_STEPS:
        yield (
            f"spec.environment.kwargs.max_episode_steps: found {limit!r:.80}; "
            f"allowed: an integer from 1 to {MAX_STEPS}"
        )


def sentence(environment: EnvironmentSpec, error: EnvironmentFailed) -> str:
    """The problem behind a failed construction, and what to do about it."""
    cause = error.__cause__
    if str(error).startswith(wrappers.WHERE):
        return str(error)
    if cause is None:  # our own refusal of the spaces
        return f"spec.environment.id: {error}"
    if isinstance(cause, ModuleNotFoundError | gymnasium.error.DependencyNotInstalled):
        return f"spec.environment.id: {_lacking(environment, cause)}"
    field = "kwargs" if environment.kwargs else "id"
    found = f"found {environment.kwargs!r:.80}; " if environment.kwargs else ""
    return f"spec.environment.{field}: {found}{error}{_parameter(environment, cause)}"


def _parameter(environment: EnvironmentSpec, cause: BaseException) -> str:
    """The argument that is meant by one that the environment's constructor does not have."""
    unknown = re.search(r"unexpected keyword argument '(\w+)'", words(cause))
    if unknown is None or unknown[1] not in environment.kwargs:
        return ""
    try:
        creator = registered(environment).entry_point
        creator = load_env_creator(creator) if isinstance(creator, str) else creator
        parameters = [*inspect.signature(creator).parameters, "max_episode_steps"]
    except (TypeError, ValueError, EnvironmentFailed):  # it has none that can be read
        return ""
    return suggestion(unknown[1], [name for name in parameters if name not in HIDDEN])


def _lacking(environment: EnvironmentSpec, cause: Exception) -> str:
    """What is not installed, who imports it and where, and the command that helps."""
    env_id, name = environment.id, missing(cause)
    imports = f"{env_id} imports it {place(cause)}".rstrip()
    if name and _top(name) == _top(env_id):
        return f"{name} is not in its package, and {imports}; add the file, or correct the name"
    packaged = bool(environment.package_digests)
    remedy = ADD_OR_INSTALL if packaged else f"`pip install '{_package(env_id, cause)}'`"
    if not name:
        return f"{env_id} needs a package that is not installed: {words(cause)}; {remedy}"
    return f"{name} is not installed, and {imports}; {remedy}"


def _top(name: str) -> str:
    """The top module of a module's name, or of an id that begins with one; else nothing."""
    return name.partition(":")[0].partition(".")[0]


def _package(env_id: str, cause: Exception) -> str:
    """The package to install: an extra of Gymnasium for its own ids; else the one named last.

    Its messages name what its extras need, too: `swig` comes before `gymnasium[box2d]`.
    """
    found = re.match(r"gymnasium\.envs\.(\w+)", str(gymnasium.registry[env_id].entry_point))
    if found:
        family = found.group(1)
        return f"gymnasium[{EXTRAS.get(family, family.replace('_', '-'))}]"
    named = re.findall(r"pip install [\"'`]?([\w.-]+(?:\[[\w,-]+\])?)", words(cause))
    module = str(getattr(cause, "name", None) or "").partition(".")[0]
    return str(named[-1]) if named else PACKAGES.get(module, module or "gymnasium[all]")


def _endless(environment: EnvironmentSpec) -> Iterator[str]:
    """Only a limit of steps is sure to end an episode, and so an evaluation."""
    if wrappers.step_limit(environment) is not None:
        return
    limit = registered(environment).max_episode_steps
    if limit is None and "max_episode_steps" not in environment.kwargs:
        yield (
            f"spec.environment.id: found {environment.id}, whose episodes have no limit of steps: "
            "an evaluation might never end; set environment.kwargs.max_episode_steps = N"
        )
    elif "max_episode_steps" not in environment.kwargs and limit > MAX_STEPS:
        yield (
            f"spec.environment.id: found {environment.id}, which is registered with "
            f"max_episode_steps={limit}; allowed: at most {MAX_STEPS}; "
            "set environment.kwargs.max_episode_steps = N"
        )


def _too_large(spec: RunSpec, info: SpaceInfo, limits: Limits) -> Iterator[str]:
    """A trajectory of known length that is too large to be one object, or for a function."""
    steps, num_envs, each = (
        spec.rollout.num_steps,
        spec.environment.num_envs,
        footprint.transition(spec, info),
    )
    size = footprint.trajectory(spec, info)
    if spec.rollout.horizon == "steps" and size > MAX_TRAJECTORY_BYTES:
        yield (
            f"spec.rollout.num_steps: found {steps}, so a trajectory of {steps} steps x {num_envs} "
            f"environments x {each} bytes = {size} bytes; "
            f"allowed: at most {MAX_TRAJECTORY_BYTES} bytes"
        )
        return
    yield from footprint.problems(spec, info, limits)


def _misfits(spec: RunSpec, info: SpaceInfo, limits: Limits) -> Iterator[str]:
    yield from _endless(spec.environment)
    if (every := sde(spec.algorithm)) is not None and not info.continuous:
        yield (
            f"spec.algorithm.sde_sample_freq: found {every}; allowed: none, for state-dependent "
            f"noise is added to the numbers of a Box, and {spec.environment.id} takes others"
        )
    unfit = list(networks.problems(spec, info))
    if unfit:
        yield from unfit
        return
    yield from networks.unnormalised(spec, info)
    trunk = description.trunk(spec, info)
    is_flat = info.bytes_shape and not trunk.encoders
    pixels = f"; {spec.environment.id} {_unscaled(info)}" if is_flat else ""
    read = description.widest(trunk, info.observation_size)
    sizes = ((read, "observations", pixels), (info.action_size, "actions", ""))
    for found, what, more in sizes:
        if found > MAX_SIZE:
            yield (
                f"spec.environment.id: found {what} of size {found}; allowed: at most "
                f"{MAX_SIZE}{more}"
            )
    if read <= MAX_SIZE:
        yield from (problem + pixels for problem in _too_large(spec, info, limits))
    for i, step in enumerate(spec.reward):
        if info.leaves and isinstance(step, Potential):
            yield (
                f"spec.reward[{i}].kind: found potential; allowed: scale, clip, normalize, for a "
                f"potential reads observations that are one Box or one Discrete, and "
                f"{spec.environment.id} has others"
            )
            continue
        for name in ("weights", "squares") if isinstance(step, Potential) else ():
            found = len(getattr(step, name))
            if found not in (0, info.observation_size):
                yield (
                    f"spec.reward[{i}].{name}: found {found} numbers; allowed: none, or "
                    f"{info.observation_size}, one per observation element"
                )
