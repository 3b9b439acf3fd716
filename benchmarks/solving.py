"""Time to 475: CartPole-v1 until 20 deterministic episodes average 475 or more.

The wall clock of a whole `faastrain train examples/cartpole.toml` process, beside the wall clock of
each peer's whole process: Stable-Baselines3 and SBX with the same (zoo) settings, evaluating as
often, every 2,560 steps (benchmarks/targets/ppo_cartpole.toml); RLlib with its own tuned example's,
evaluating every 4,000. Repetition k has seed k everywhere. Three states of the stack: nothing runs;
up but never used, every function at zero; warm, after the run before. The very first run also
compiles; the others find its compile cache. SBX compiles every time.
"""

from collections.abc import Sequence
from functools import partial

from benchmarks import stacks
from benchmarks.peers import peer
from benchmarks.peers.peer import PEERS, RLLIB, STABLE_BASELINES3, Peer, Solved
from benchmarks.report import Row
from benchmarks.samples import median, ratios
from benchmarks.targets import rows as targets
from benchmarks.training import train
from faastraingym.embedded import stack

PROBLEM = targets.named("ppo_cartpole").problem
SPECIFICATION = stacks.CHECKOUT / "examples" / "cartpole.toml"
NOTHING, UP, WARM = "from nothing", "stack up, functions at zero", "stack up, warm"
GOALS = {
    STABLE_BASELINES3: {NOTHING: 1.0, UP: 0.5, WARM: 0.5},
    RLLIB: {NOTHING: 0.3, UP: 0.3, WARM: 0.3},
}

_row = partial(Row, benchmark="solving")


def measure(repeat: int) -> list[Row]:
    """Seconds, in turn: ours in each state, then the peers."""
    ours: dict[str, list[float]] = {NOTHING: [], UP: [], WARM: []}
    theirs: dict[Peer, list[Solved]] = {one: [] for one in PEERS}
    steps: list[float] = []
    with stacks.home() as home:
        compiling, _ = train(home, SPECIFICATION, seed=1)
        for seed in range(1, repeat + 1):
            stack.down(home)
            ours[NOTHING].append(train(home, SPECIFICATION, seed)[0])
            stack.down(home)
            stack.up(home)
            ours[UP].append(train(home, SPECIFICATION, seed)[0])
            seconds, report = train(home, SPECIFICATION, seed)
            ours[WARM].append(seconds)
            steps.append(report["env_steps"])
            for one in PEERS:
                if one.installed:
                    theirs[one].append(peer.solve(one, PROBLEM, seed))
    return rows(compiling, ours, steps, theirs)


def rows(
    compiling: float,
    ours: dict[str, list[float]],
    steps: Sequence[float],
    theirs: dict[Peer, list[Solved]],
) -> list[Row]:
    """Seconds, and what part of each peer's they are."""
    learnt = f"{median(steps):,.0f} steps (median)"
    first = "from nothing, nothing compiled before"
    made = [_row(what=first, unit="s", samples=[compiling], note="once, seed 1")]
    made += [
        _row(what=state, unit="s", samples=seconds, note=learnt) for state, seconds in ours.items()
    ]
    for one, solved in theirs.items():
        made.append(beside(one, solved))
        made += [
            _row(
                what=f"  {state} / {one.name}",
                unit="x",
                samples=ratios(seconds, [s.seconds for s in solved]) if solved else [],
                at_most=GOALS.get(one, {}).get(state),
                note="" if solved else peer.MISSING,
            )
            for state, seconds in ours.items()
        ]
    return made


def beside(one: Peer, solved: Sequence[Solved]) -> Row:
    """A peer's own seconds."""
    seconds = [s.seconds for s in solved]
    return _row(what=one.name, unit="s", samples=seconds, note=peer.told(solved, PROBLEM.target))
