"""What Gymnasium's own checker says of an environment that a user brings.

`trial` and `memory` run first, and refuse what training cannot take and what a run could not
repeat. A run survives everything else that the checker finds, its assertions too: the author of the
environment is told, and the run starts. The checker resets one environment several times and draws
actions itself, so it is left out where episodes may differ by declaration (`environment.memory`),
where masks forbid actions, and for programs of JAX.
"""

import functools
import re
import time
import warnings
from collections.abc import Callable, Iterator
from traceback import walk_tb
from typing import Any, NamedTuple

import gymnasium
from gymnasium.utils import env_checker, passive_env_checker

from faastraingym.algorithms.environments import on_jax, outside
from faastraingym.algorithms.environments.foreign import foreign, words
from faastraingym.algorithms.environments.repeating import close
from faastraingym.algorithms.environments.space_info import describe, make
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.schemas.specification import RunSpec

SECONDS = 0.5  # after which no further reset or step begins
FILES = {env_checker.__file__, passive_env_checker.__file__}
LIBRARIES = {"gymnasium", "faastraingym"}  # whose environments and wrappers nobody brings
DECORATION = re.compile(r"\x1b\[\d+m|WARN: ")

SEEDED = "call super().reset(seed=seed) in reset, and draw random numbers from self.np_random"
AN_ARRAY = "return np.asarray(observation, self.observation_space.dtype)"
OUTSIDE = "correct the observation or its space"
UNKNOWN = "correct it where others use the environment"
# What to do, by the checker's words; None: a run does not mind. The first that fits counts.
REMEDIES: dict[str, str | None] = {
    r"unwrapped version|infinity\. This is|normalized space": None,
    r"the observation space": OUTSIDE,
    r"array dtype": AN_ARRAY,
    r"a numpy array": AN_ARRAY,
    r"should be an int": "return int(observation)",
    r"a tuple": "return the observation as a tuple",
    r"observations .*share an object": "return a copy of the observation",
    r"infos .*share an object": "return a new info with every call",
    r"truncates after 1 step": "return Python's own False, until a limit ends the episode",
    r"to be a boolean": "return Python's own True or False, as bool(flag)",
    r"^The reward": "return float(reward)",
    r"info are not": "leave out of info what does not follow from seed and actions, as times",
    r"keyword argument": "name seed=None and options=None in reset's signature",
    r"default seed": "write seed=None in reset's signature",
    r"`seed` function": "remove seed(), and seed in reset",
    r"`return_info`": "remove return_info from reset's signature",
    r"values are equal|greater than a high": "correct the low and high of the Box",
    r"super\(\)|np_random|deterministic": SEEDED,
}


class Finding(NamedTuple):
    """What is wrong, in the checker's words or ours, and what to do about it."""

    problem: str
    remedy: str


def advice(spec: RunSpec, clock: Callable[[], float] = time.perf_counter) -> list[str]:
    """A sentence for each kind of what `outside` and the checker find; nothing that is refused.

    Args:
        spec: can be run.
        clock: returns seconds.
    """
    told = outside.advice(spec, clock)
    found: dict[str, str] = {}  # by what is to be done, the first
    for problem, remedy in _findings(spec, clock):
        if not (told and remedy in (OUTSIDE, AN_ARRAY)):  # `outside` names the number and the step
            found.setdefault(remedy, f"{spec.environment.id}: {problem}; {remedy}")
    return [*told, *found.values()]


def _findings(spec: RunSpec, clock: Callable[[], float]) -> list[Finding]:
    """What the checker finds, in its order; its assertion, which ends it, is the last."""
    environment = spec.environment
    if on_jax.is_one(environment) or environment.memory != "none":
        return []
    try:
        if describe(spec).mask is not None:
            return []
        made = make(environment)
    except EnvironmentFailed:
        return []
    try:
        own = brought(made)
        return [] if own is None else list(_checked(own, clock))
    finally:
        close(made)


def brought(environment: Any) -> Any | None:
    """The outermost layer that is neither Gymnasium's nor ours; None: there is none."""
    while type(environment).__module__.partition(".")[0] in LIBRARIES:
        if not isinstance(environment, gymnasium.Wrapper):
            return None
        environment = environment.env
    return environment


def _checked(environment: Any, clock: Callable[[], float]) -> Iterator[Finding]:
    watch = _Watch(clock() + SECONDS, clock)
    raised: BaseException | None = None
    with warnings.catch_warnings(record=True) as caught:  # the environment's own are dropped
        warnings.simplefilter("always")
        try:
            with foreign("Gymnasium's checker"):
                watch.over(environment)
                env_checker.check_env(environment, skip_render_check=True, skip_close_check=True)
        except EnvironmentFailed as failed:
            raised = failed.__cause__
    said = [str(warning.message) for warning in caught if warning.filename in FILES]
    if raised is not None and _is_of_the_checker(raised):
        said.append(words(raised))
    yield from filter(None, map(_finding, said))
    if watch.problem:
        yield Finding(watch.problem, "rollouts may never do this, but others who use it do")


def _finding(text: str) -> Finding | None:
    """The finding behind a text of the checker's; None: a run does not mind."""
    problem = " ".join(DECORATION.sub("", text).split()).rstrip(".")
    fitting = (remedy for form, remedy in REMEDIES.items() if re.search(form, problem))
    remedy = next(fitting, UNKNOWN)
    return Finding(f"Gymnasium's checker says: {problem}", remedy) if remedy else None


def _is_of_the_checker(error: BaseException) -> bool:
    """Whether its own line raised it; what its comparisons raise says nothing about the caller."""
    frames = [frame.f_code.co_filename for frame, _ in walk_tb(error.__traceback__)]
    return isinstance(error, AssertionError | gymnasium.error.Error) and frames[-1] in FILES


class _Watch:
    """Ends a check that takes long, at its next call, and notes what a call raised."""

    def __init__(self, until: float, clock: Callable[[], float]) -> None:
        self.problem = ""
        self._until, self._clock = until, clock

    def over(self, environment: Any) -> None:
        """Watch the resets and steps of this environment; their signatures stay."""
        for name in ("reset", "step"):
            setattr(environment, name, self._watched(name, getattr(environment, name)))

    def _watched(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def call(*args: Any, **kwargs: Any) -> Any:
            if self._clock() > self._until:
                raise EnvironmentFailed("it is late")
            given = ", ".join([*map(repr, args), *(f"{k}={v!r}" for k, v in kwargs.items())])
            try:
                with foreign(f"Gymnasium's checker called {name}({given:.80}), which raised"):
                    return method(*args, **kwargs)
            except EnvironmentFailed as failed:
                self.problem = self.problem or str(failed)
                raise

        return call
