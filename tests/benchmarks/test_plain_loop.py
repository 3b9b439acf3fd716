"""The plain loop is the pipeline's work: the same functions, the same bits."""

from benchmarks import plain_loop, runs
from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.actors.episodes import env_steps
from faastraingym.algorithms.ppo import learner
from faastraingym.events.pipeline import planning


def test_the_loop_learns_until_the_budget_is_spent() -> None:
    spec = runs.small(updates=2)
    marks = plain_loop.loop(spec)
    state = learner.initialise(spec)
    first = [collect(spec, learner.project(state), index, None) for index in range(2)]
    steps = [steps for _, steps in marks]
    assert steps[:2] == [0, sum(map(env_steps, first))]
    assert steps[-2] < spec.stop.env_steps <= steps[-1]
    assert sorted(at for at, _ in marks) == [at for at, _ in marks]
    assert planning.update_plan(spec, 1, steps[-2], steps[-1] - steps[-2]).rollouts == 0
