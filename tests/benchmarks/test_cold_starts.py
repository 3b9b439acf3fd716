from benchmarks.cold_starts import Start, of_function, of_learner
from faastraingym.schemas.messages import InvocationCompleted, Span


def updated(at: float, spans: list[Span], cold: bool = True) -> InvocationCompleted:
    """One update of version 0."""
    return InvocationCompleted(
        run="cold-starts",
        function="update-policy",
        call_id="c",
        replica="r",
        started_at=at,
        seconds=1.0,
        memory_mb=2048,
        cold_start=cold,
        status=200,
        version=0,
        spans=spans,
    )


def test_a_start_is_told_in_its_parts() -> None:
    row = of_function("rollout", [0.6], [Start(0.02, 0.3, 0.05), Start(0.04, 0.5, 0.05)])
    assert row.met is False
    assert "interpreter 0.03, imports 0.40, connect 0.05 s" in row.note


def test_the_first_update_is_told_as_the_metering_has_it() -> None:
    compiled = [
        Span(kind="update", begin=0.1, seconds=0.6),
        Span(kind="compile", begin=0.2, seconds=0.5),
    ]
    usage = [updated(5.0, compiled), updated(1.0, []), updated(9.0, [], cold=False)]
    row = of_learner([2.0], usage)
    assert "compile 0.50, stage 0.40, update 0.10 s" in row.note
    assert row.met is True
