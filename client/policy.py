"""A trained policy that acts by NumPy alone."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np

from faastraingym.algorithms import cells, registry
from faastraingym.algorithms.environments import masks, space_info
from faastraingym.algorithms.environments.leaves import at
from faastraingym.algorithms.environments.observations import features, of_parts, stored
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.client import episodes, files, policy_files
from faastraingym.client.action_masks import valid
from faastraingym.client.arguments import checked
from faastraingym.client.errors import BadInput
from faastraingym.client.opening import Environment, opened
from faastraingym.schemas import payloads
from faastraingym.schemas.report import RunReport

if TYPE_CHECKING:
    from faastraingym.client.client import Client
    from faastraingym.client.run import Run


class Policy:
    """A policy of a run, with the interface of a Stable-Baselines3 model.

    Attributes:
        report: its run's report; `report.spec` is the specification.
        generator: of the actions of `predict(..., deterministic=False)`; seed it by assigning
            `numpy.random.default_rng(seed)`.
        model: the version of a registered model that it was read from, as "models/cartpole/2".
    """

    @checked
    def __init__(
        self,
        payload: payloads.Policy,
        report: RunReport,
        spaces: SpaceInfo | None,
        model: str | None = None,
    ) -> None:
        self.report, self.model = report, model
        self.generator = np.random.default_rng()
        self._payload, self._spaces = payload, spaces
        if spaces is not None:
            self._spec = spec = registry.parse(report.spec)
            self._actor = registry.acting(spec).actor(spec, payload, spaces, {})

    @classmethod
    @checked
    def load(cls, source: "Run | str | Path", env: Environment | None = None) -> "Policy":
        """The policy of a run, of a `policy.npz`, or of a folder that `train` wrote.

        Args:
            source: a Run, or a path.
            env: has the spaces to act in, as of `evaluate`; needed only where the machine that
                wrote the file could not build the environment. It may be reset, to see whether
                it masks actions.

        Raises:
            BadInput: there is no policy there.
            StackTrouble: the run's stack does not answer.
        """
        if isinstance(source, str | Path):
            payload, report, spaces = policy_files.read(_file(Path(source)))
            found = cls(payload, report, spaces)
        else:
            found = source.policy()
        if env is None:
            return found
        spec = registry.parse(found.report.spec)
        name, kinds = registry.name(spec), registry.rules(spec).ACTIONS
        try:
            with opened(env, trained=episodes.trained_in(found)) as made:
                looked = space_info.look(spec.environment.id, made)
            spaces = space_info.of_spaces(
                spec.environment.id,
                looked.observed,
                looked.acted,
                name,
                kinds,
                looked.mask_is_in_info,
            )
        except EnvironmentFailed as error:
            raise BadInput(str(error)) from error
        return cls(found._payload, found.report, spaces, found.model)

    def predict(
        self,
        observation: Any,
        state: tuple[np.ndarray, ...] | None = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = True,
        action_masks: Any = None,
    ) -> tuple[np.ndarray, tuple[np.ndarray, ...] | None]:
        """Actions for an observation, or for a batch of them.

        Args:
            observation: as the environment gives it, [...]; or a batch of B, [B, ...].
            state: of a recurrent policy, as the step before returned it; None: an episode begins.
                Of any other policy it is returned as it came.
            episode_start: [B] bool; where it is true, a recurrent policy forgets its state.
            deterministic: the most probable action; False: a sampled one.
            action_masks: which actions are valid, 1 or 0 each, [M] or [B, M]: what
                `info["action_mask"]` has; needed where `needs_action_masks`. By default that part
                of the observation, where the environment has one.

        Returns:
            The action as the environment takes it, or [B, ...] of them; and the state, one array
            [B, M] float32.

        Raises:
            BadInput: the observation is no array of numbers, or has another shape than the
                environment's; a mask is missing, is none, or forbids every action; or the state is
                of another policy or another batch.
        """
        if deterministic not in (True, False):  # by hand: this is called for each step
            raise BadInput(
                f"Policy.predict: deterministic: found {deterministic!r:.80}; allowed: True or "
                "False"
            )
        info = self._known()
        batch, single = self._batch(observation, info)
        env, rows = self.report.environment, None if single else len(next(iter(batch.values())))
        batch |= valid(action_masks, observation, info, env, rows)
        kept = of_parts(batch, info) if info.leaves else stored(batch[""], info)
        inputs = features(kept, info)
        memory = self._remembered(len(inputs), state, episode_start)
        outputs = self._actor.outputs(inputs, mask=masks.of(kept, info.mask), memory=memory)
        if deterministic:
            actions = self._actor.deterministic(outputs)
        else:
            noise = self._actor.noise(self.generator, 1, len(outputs))[0]
            actions = self._actor.sample(outputs, noise)
        sent = self._actor.sent(actions)
        return (sent[0] if single else sent), state if memory is None else (memory,)

    @checked
    def environment(
        self, render_mode: str | None = None, client: "Client | None" = None
    ) -> "gymnasium.Env[Any, Any]":
        """The environment that the policy was trained in, as of `Run.environment`.

        Args:
            render_mode: of Gymnasium.
            client: the stack that has the code of one's own; by default as of `train`.

        Raises:
            BadInput: it cannot be built, or this process has another version of its code.
            StackTrouble: its code is needed, and the stack does not answer or has it no more.
        """
        from faastraingym.client import training_environment
        from faastraingym.client.client import Client

        aio = (client or Client()).aio
        return training_environment.made_here(aio, self.report, render_mode)

    @checked
    def save(self, path: str | Path) -> Path:
        """Write the policy, its spaces and its run's report into a .npz file.

        Raises:
            BadInput: it cannot be written there.
        """
        file = policy_files.target(Path(path))
        found = policy_files.arrays(self._payload, self.report, self._spaces)
        files.write(file, policy_files.dump(found))
        return file

    @checked
    def export_onnx(self, path: str | Path) -> Path:
        """Write the policy's deterministic actions into an ONNX file, which needs nothing of ours.

        Observations are read, normalised and encoded, and actions stretched and clipped to a Box's
        bounds, within it; `docs/onnx.md` has its inputs, its outputs and its metadata.

        Args:
            path: of the file, with the suffix .onnx; one that is there is replaced.

        Raises:
            BadInput: ONNX is not installed, the policy's spaces are not known, or the file
                cannot be written.
        """
        from faastraingym.algorithms.graphs import policy as graphs
        from faastraingym.client import onnx_files

        file, spaces = onnx_files.target(Path(path)), self._known()
        about = onnx_files.about(self._payload, self.report, spaces, self.model)
        graph = graphs.of(self._spec, self._payload, spaces)
        files.write(file, onnx_files.dump(graph, repr(self)[1:-1], about))
        return file

    @property
    def needs_action_masks(self) -> bool:
        """Whether `predict` needs `action_masks`, since no observation has them."""
        return self._spaces is not None and self._spaces.mask_is_in_info

    @property
    def payload(self) -> payloads.Policy:
        """Its arrays, as the store has them."""
        return self._payload

    @property
    def version(self) -> int:
        """The updates behind it."""
        return self._payload.version

    def __repr__(self) -> str:
        of = self.report
        return f"<Policy version {self.version} of {of.run_id}: {of.environment}>"

    def _remembered(self, batch: int, state: Any, starts: Any) -> np.ndarray | None:
        """What a recurrent policy remembers, [B, M], a new array; of any other one: None."""
        memory = cells.initial(self._spec, batch)
        if memory is None or state is None:
            return memory
        found = np.asarray(state[0]) if isinstance(state, tuple) and state else np.asarray(None)
        began = np.zeros(batch, np.bool_) if starts is None else np.asarray(starts)
        if found.shape != memory.shape or found.dtype != memory.dtype:
            raise BadInput(
                f"Policy.predict: state: found {found.dtype} {list(found.shape)}; allowed: what "
                f"the step before returned for this batch, one array of float32 "
                f"{list(memory.shape)} in a tuple, or None"
            )
        if began.shape != (batch,) or began.dtype != np.bool_:
            raise BadInput(
                f"Policy.predict: episode_start: found {began.dtype} {list(began.shape)}; allowed: "
                f"bool [{batch}], or None"
            )
        return np.where(began[:, None], memory, found)

    def _batch(self, observation: Any, info: SpaceInfo) -> tuple[dict[str, np.ndarray], bool]:
        """A batch of each part of the observation, and whether it was one observation."""
        parts = {
            part.path: self._numbers(observation, masks.own_path(part.path, info.mask_is_in_info))
            for part in info.parts
            if part.kind != "mask"
        }
        shapes = {part.path: part.shape for part in info.parts}
        single = all(seen.shape == shapes[path] for path, seen in parts.items())
        if not single and any(seen.shape[:1] == (0,) for seen in parts.values()):
            raise BadInput("a batch of observations is empty; give one or more")
        lengths = {seen.shape[:1] for seen in parts.values()}
        for path, seen in parts.items():
            if not single and (seen.shape[1:] != shapes[path] or len(lengths) != 1):
                part = f" at {path!r}" if path else ""
                raise BadInput(
                    f"an observation has the shape {seen.shape}{part}; {self.report.environment} "
                    f"has {shapes[path]}, or a batch of such with one axis before"
                )
        batch = {path: seen[None] if single else seen for path, seen in parts.items()}
        return batch, single

    def _numbers(self, observation: Any, path: str) -> np.ndarray:
        try:
            seen = np.asarray(at(observation, path))
        except (ValueError, LookupError, TypeError):  # parts that differ in shape, or are missing
            seen = np.asarray(None)
        if seen.dtype.kind not in "biuf":
            part = f" at {path!r}" if path else ""
            raise BadInput(
                f"an observation is a {type(observation).__name__}; {self.report.environment} has "
                f"an array of numbers{part}, which is the first part of what `reset` and `step` "
                "return"
            )
        return seen

    def _known(self) -> SpaceInfo:
        if self._spaces is None:
            env = self.report.environment
            raise BadInput(
                f"the spaces of {env} are not known here; Policy.load(..., env=gymnasium.make"
                f"({env!r})) tells them"
            )
        return self._spaces


def _file(path: Path) -> Path:
    """Of a folder the file of its newest segment: policy.npz, policy.1.npz, ..."""
    if not path.is_dir():
        return path
    found = {f: re.fullmatch(r"policy(?:\.(\d+))?\.npz", f.name) for f in path.iterdir()}
    numbered = {file: int(match[1] or 0) for file, match in found.items() if match}
    if not numbered:
        raise BadInput(f"{path}: has no policy.npz; `faastrain fetch RUN {path}` writes one")
    return max(numbered, key=lambda file: numbered[file])
