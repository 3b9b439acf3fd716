from faastraingym.client.progress import Drawn, PlainView, line
from faastraingym.events.ports import Recorded
from faastraingym.events.views.phrases import phrase
from faastraingym.events.views.run import Watched
from faastraingym.schemas.messages import (
    EpisodesEvaluated,
    EpisodeSummary,
    InvocationDeadLettered,
    PolicyUpdated,
    RunRequested,
    StopRequested,
)
from tests.client.facts import (
    EVALUATING,
    RUN,
    SPEC,
    beginning,
    completed,
    evaluating,
    failed,
    obj,
    policy,
    records,
)


def shown(*facts, every: float = 1.0) -> list[str]:
    lines: list[str] = []
    view = PlainView(lines.append)
    run = Watched(run=RUN)
    for record in records(*facts, every=every):
        view.show(run.add([record]).view, record)
    return lines


def test_a_run_in_plain_lines() -> None:
    """Seconds since the request, then what happened; rollouts and rewards come too often."""
    assert shown(
        RunRequested(run=RUN, spec=SPEC), *beginning(), completed("target"), every=5.0
    ) == [
        "     0.0 s  requested: CartPole-v1 with ppo, budget 128 steps, target 475",
        "     5.0 s  started",
        "    10.0 s  version 0: 0 of 128 steps",
        "    20.0 s  version 1: 64 of 128 steps, return 20.00, 6 steps/s",
        "    25.0 s  evaluation of version 1: return 480.50 ± 12.25 over 20 episodes",
        "    30.0 s  completed: target, with version 1",
    ]


def test_other_endings_and_troubles() -> None:
    """A stop, a buried invocation by the last line of its error, a failure on one line."""
    letter = InvocationDeadLettered(
        run=RUN, function="rollout", call_id="c", attempts=5, status=500, error="Trace\nboom\n"
    )
    assert shown(StopRequested(run=RUN), letter, failed()) == [
        "     0.0 s  stop requested",
        "     1.0 s  rollout gave up after 5 attempts: boom",
        "     2.0 s  failed: the environment raised",
    ]


def test_fast_versions_are_not_all_told() -> None:
    """At most one line about versions in 5 s of the log's time."""
    updates = [
        PolicyUpdated(run=RUN, manifest=obj("m"), policy=policy(v), rollouts=1, evaluate=False)
        for v in range(12)
    ]
    lines = shown(*updates, every=1.0)
    assert [line.split("version ")[1].split(":")[0] for line in lines] == ["0", "5", "10"]


def test_a_piece_of_an_evaluation_is_told_by_events_and_not_while_following() -> None:
    """Of an evaluation the follower shows what it came to."""
    piece = EpisodesEvaluated(
        run=RUN,
        manifest=obj("manifest"),
        policy=policy(3),
        piece=1,
        evaluation=obj("episodes"),
        episodes=EpisodeSummary(episodes=2, return_sum=31.0),
    )
    assert phrase(piece) == "version 3, piece 1: return 15.50 over 2 episodes"
    assert line(Watched(run=RUN).view, Recorded(1, 0.0, piece)) is None


def test_an_evaluation_of_its_own_is_told_by_its_episodes() -> None:
    """Of the pieces not more than a line in 5 s."""
    request = RunRequested(run=RUN, spec=EVALUATING)
    assert shown(request, *evaluating(RUN, 10.0, 30.0), every=3.0) == [
        "     0.0 s  requested: CartPole-v1 with ppo, 2 episodes of models/cartpole@champion",
        "     3.0 s  started",
        "     6.0 s  0 of 2 episodes",
        "    12.0 s  2 of 2 episodes, return 20.00",
        "    15.0 s  evaluation of version 0: return 20.00 ± 10.00 over 2 episodes",
        "    18.0 s  completed: budget, with version 0",
    ]


def test_its_bar_is_of_episodes() -> None:
    drawn = Drawn(RUN)
    run = Watched(run=RUN)
    seen = []
    for record in records(RunRequested(run=RUN, spec=EVALUATING), *evaluating(RUN, 10.0, 30.0)):
        drawn.show(run.add([record]).view, record)
        seen.append(drawn.done)
    assert seen == [0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 1.0]
    assert drawn.title == f"{RUN}: CartPole-v1 with ppo, 2 episodes of models/cartpole@champion"
    assert drawn.numbers == "completed: 2 of 2 episodes, return 20.00"


def test_a_line_about_following_is_written_again_only_after_another() -> None:
    """JAX compiles for the first version and for the first update; a stack may be away twice."""
    lines: list[str] = []
    view = PlainView(lines.append)
    for text in ("JAX compiles", "", "JAX compiles", "", "away", "back", "away", "back"):
        view.notice(text)
    assert lines == ["JAX compiles", "away", "back", "away", "back"]
