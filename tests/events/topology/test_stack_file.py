"""Routes: read from stack.yml, with its mistakes named."""

from pathlib import Path

import pytest

from faastraingym.events.pipeline import flow
from faastraingym.events.topology.admits import CALLER
from faastraingym.events.topology.stack_file import (
    Function,
    RetryPolicy,
    StackError,
    functions,
    load,
    seconds,
    substitute,
)
from faastraingym.schemas.messages import FACTS, tag

STACK = Path(__file__).parents[3] / "stack.yml"


def entry(**more: object) -> dict:
    return {"functions": {"f": {"handler": "./f", "image": "f", **more}}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${A}", "1"),
        ("${A:-x}", "1"),
        ("${MISSING}", ""),
        ("${MISSING:-http://a:80}", "http://a:80"),
        ("${EMPTY:-x}", "x"),
        ("${EMPTY-x}", ""),
        ("${MISSING-x}${A}", "x1"),
        ("$A {A} ${A:-}", "$A {A} 1"),
    ],
)
def test_variables_are_substituted_as_a_shell_does(text: str, value: str) -> None:
    assert substitute(text, {"A": "1", "EMPTY": ""}) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("90s", 90), ("5m", 300), ("1h30m", 5400), ("250ms", 0.25), ("1.5s", 1.5), ("0s", 0)],
)
def test_go_durations_are_read(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "90", "s", "5 m", "-5s", "1d", "5m!", "m5"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(StackError, match="is not a duration; write 90s, 5m or 1h30m"):
        seconds(text)


def test_a_function_without_annotations_gets_the_defaults() -> None:
    assert functions(entry()) == [Function(name="f")]


def test_everything_that_is_written_is_read() -> None:
    written = entry(
        labels={"com.openfaas.scale.max": "4"},
        environment={"max_inflight": "8", "exec_timeout": "2m"},
        limits={"memory": "1Gi"},
        annotations={
            "topic": "a.b, c.d  e.f",
            "com.openfaas.retry.attempts": "7",
            "com.openfaas.retry.codes": "500,503",
            "com.openfaas.retry.min_wait": "1s",
            "com.openfaas.retry.max_wait": "1m",
        },
    )
    [function] = functions(written)
    retry = RetryPolicy(attempts=7, codes=frozenset({500, 503}), min_wait=1.0, max_wait=60.0)
    assert function == Function(
        name="f",
        topics=("a.b", "c.d", "e.f"),
        max_replicas=4,
        max_inflight=8,
        timeout=120.0,
        memory_mb=1024,
        retry=retry,
    )
    assert function.concurrency == 32


def test_a_schedule_counts_only_with_the_cron_topic() -> None:
    ticked = entry(annotations={"topic": "cron-function", "schedule": "* * * * *"})
    untold = entry(annotations={"topic": "a.b", "schedule": "* * * * *"})
    assert (functions(ticked)[0].topics, functions(ticked)[0].schedule) == ((), "* * * * *")
    assert functions(untold)[0].schedule is None


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (entry(labels={"com.openfaas.scale.max": "many"}), r"functions\.f: .*'many'"),
        (entry(environment={"exec_timeout": "soon"}), r"functions\.f: 'soon' is not a duration"),
        (entry(annotations={"com.openfaas.retry.codes": "5xx"}), r"functions\.f: .*'5xx'"),
        ({"functions": {"f": None}}, r"functions\.f: found None; write a map"),
        ({"functions": {"f": "image"}}, r"functions\.f: found 'image'; write a map"),
    ],
)
def test_a_wrong_entry_is_named(wrong: dict, words: str) -> None:
    with pytest.raises(StackError, match=words):
        functions(wrong)


def test_a_missing_stack_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="No such file or directory; set FAASTRAIN_STACK"):
        load(tmp_path / "stack.yml", {})


@pytest.mark.parametrize(
    ("text", "words"),
    [("a: [", "not YAML"), ("- a", "no `functions` map"), ("functions: 3", "no `functions` map")],
)
def test_an_unusable_stack_is_refused_with_its_path(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "stack.yml"
    path.write_text(text)
    with pytest.raises(StackError, match=words) as refusal:
        load(path, {})
    assert str(refusal.value).startswith(f"{path}: ")


def test_our_own_stack_hears_every_topic_that_exists_and_no_other() -> None:
    deployed = functions(load(STACK, {}))
    received = {topic for function in deployed for topic in function.topics}
    assert received <= {tag(kind) for kind in FACTS}
    assert {*flow.DEPLOYED} == {function.name for function in deployed}
    answering = {function.name for function in deployed if function.admits == CALLER}
    assert {*flow.ANSWERING} == answering
    assert [function.name for function in deployed if function.schedule] == ["reconcile"]


def test_merges_that_would_fill_the_memory_are_refused(tmp_path: Path) -> None:
    """Each line doubles the keys of the one before: forty lines would be a trillion."""
    lines = [f"m{i}: &m{i} {{<<: [*m{i - 1}, *m{i - 1}]}}" for i in range(1, 40)]
    file = tmp_path / "stack.yml"
    file.write_text("\n".join(["m0: &m0 {k: v}", *lines, "functions: {}"]))
    with pytest.raises(StackError, match="a map of more than 1000 keys"):
        load(file, {})


@pytest.mark.parametrize("text", ["9" * 400 + "s", "9000h"])
def test_a_duration_that_no_timer_takes_is_refused(text: str) -> None:
    with pytest.raises(StackError, match="is longer than a year"):
        seconds(text)


@pytest.mark.parametrize("count", ["0", "-1", "10001", [1], "9" * 5000])
def test_a_count_that_cannot_be_is_refused(count: object) -> None:
    with pytest.raises(StackError, match=r"functions\.f: "):
        functions(entry(labels={"com.openfaas.scale.max": count}))


@pytest.mark.parametrize("field", ["labels", "annotations", "environment"])
def test_a_list_where_a_map_belongs_is_named(field: str) -> None:
    with pytest.raises(StackError, match=rf"functions.f: {field}: found \[1\]; write a map"):
        functions(entry(**{field: [1]}))


def test_substitution_takes_no_longer_than_the_text() -> None:
    """Variables that never close were looked for to the end of the text, each anew."""
    assert substitute("${a-" * 50_000, {}) == "${a-" * 50_000
