"""Dead letters, typed on fakes."""

import asyncio
import json

import pytest

from faastraingym.adapters.http.signing import sign, verify
from faastraingym.cli.exit_codes import ExitCode
from faastraingym.events.pipeline.commands import invocation
from faastraingym.schemas.dead_letter import DeadLetter
from faastraingym.schemas.messages import CollectRollout, Message, RunRemoved, RunRequested, encode
from tests.cli.conftest import Desk
from tests.client.facts import NOW, RUN, SPEC, obj, policy
from tests.client.memory import KEY

DAY = 86_400.0


def command(run: str = "going", index: int = 1) -> CollectRollout:
    return CollectRollout(run=run, manifest=obj("manifest"), policy=policy(3, run), index=index)


def letter(payload: bytes, key: bytes = KEY, function: str = "rollout") -> DeadLetter:
    """One of yesterday's."""
    return DeadLetter(
        function=function,
        subject=f"ftg-async.{function}",
        call_id="c-1",
        payload=payload,
        attempts=5,
        status=500,
        error="Traceback:\n  File x\nValueError: no such thing\n",
        at=NOW - DAY,
        signature=sign(key, function, payload, NOW - DAY),
    )


def give_up(desk: Desk, *messages: Message) -> list[int]:
    return [desk.letters.give_up(letter(encode(message))) for message in messages]


@pytest.fixture
def ended(desk: Desk) -> Desk:
    """A run that failed, and one of its letters."""
    desk.facts.ending = "failed"
    asyncio.run(desk.facts.publish_once(RunRequested(run=RUN, spec=SPEC)))
    give_up(desk, command(RUN))
    return desk


def test_a_list_says_of_each_what_it_was_and_why(desk: Desk) -> None:
    """As tab-separated values, and as JSON."""
    give_up(desk, command())
    desk.letters.give_up(letter(b"\x00noise"))
    assert desk("dead", "list") == ExitCode.DONE
    head, *rows = [line.split("\t") for line in desk.out.splitlines()]
    assert head[0] == "id"
    assert rows[0] == [
        "1", "2026-11-21T17:15:00.000Z", "rollout", "going",
        "collect-rollout, version 3, rollout 1", "5", "500", "ValueError: no such thing",
    ]  # fmt: skip
    assert rows[1][3:5] == ["", "6 bytes"]
    assert desk("dead", "list", "--json") == ExitCode.DONE
    assert [row["id"] for row in json.loads(desk.out)] == [1, 2]


def test_a_list_of_one_run_has_no_others(desk: Desk) -> None:
    """Nor those that are no messages; none at all is no error."""
    give_up(desk, command("mine"), command("other"))
    desk.letters.give_up(letter(b"noise"))
    assert desk("dead", "list", "--run", "mine", "--json") == ExitCode.DONE
    assert [row["run"] for row in json.loads(desk.out)] == ["mine"]
    assert desk("dead", "list", "--run", "third", "--json") == ExitCode.DONE
    assert json.loads(desk.out) == []


def test_show_decodes_the_payload_and_gives_the_whole_error(desk: Desk) -> None:
    """With attempts, when and where."""
    give_up(desk, command())
    assert desk("dead", "show", "1") == ExitCode.DONE
    for words in ("after 5 attempts, status 500", "subject ftg-async.rollout, call id c-1"):
        assert words in desk.out
    assert desk.out.endswith("Traceback:\n  File x\nValueError: no such thing\n\n")
    assert desk("dead", "show", "1", "--json") == ExitCode.DONE
    told = json.loads(desk.out)
    assert told["message"]["type"] == "collect-rollout"
    assert told["message"]["policy"]["version"] == 3
    assert told["detail"] == letter(b"").error


def test_show_of_what_is_no_message_gives_its_bytes_and_the_reason(desk: Desk) -> None:
    """Hexadecimal, the head of it."""
    desk.letters.give_up(letter(b"\xc1" + bytes(1000)))
    assert desk("dead", "show", "1") == ExitCode.DONE
    assert "1001 bytes, not a message: " in desk.out
    assert "begins with: c1 00 00" in desk.out
    assert len(desk.out) < 600


def test_replay_invokes_again_and_removes_the_letter(desk: Desk) -> None:
    """The same payload, signed now, under a call id that the queue has not seen."""
    give_up(desk, command())
    assert desk("dead", "replay", "1") == ExitCode.DONE
    assert desk.out == "replayed 1\n"
    assert desk.letters.kept == {}
    ((request, body, signature),) = desk.commands.taken
    assert (request.function, body) == ("rollout", encode(command()))
    assert request.call_id != invocation(command()).call_id
    verify(KEY, "rollout", body, signature, NOW)


def test_replay_of_a_run_and_of_all(desk: Desk) -> None:
    """Only the run's; then the rest."""
    give_up(desk, command("mine", 0), command("other"), command("mine", 1))
    assert desk("dead", "replay", "--run", "mine", "--json") == ExitCode.DONE
    assert json.loads(desk.out) == [
        {"id": 1, "done": True, "why_not": ""},
        {"id": 3, "done": True, "why_not": ""},
    ]
    assert list(desk.letters.kept) == [2]
    assert desk("dead", "replay", "--all") == ExitCode.DONE
    assert [request.message.run for request, _, _ in desk.commands.taken] == [
        "mine",
        "mine",
        "other",
    ]
    assert desk("dead", "replay", "--all") == ExitCode.DONE
    assert desk.out == "no dead letters\n"


def test_a_letter_whose_work_waits_stays_until_that_is_done(desk: Desk) -> None:
    """One command for each piece of work: a second would be dropped, and the letter be lost."""
    give_up(desk, command(), command(), command(index=2))
    assert desk("dead", "replay", "--all") == ExitCode.BAD_INPUT
    assert desk.out == "replayed 1\nreplayed 3\n"
    assert "letter 2 was not replayed: the same work waits already, or is being done" in desk.err
    assert list(desk.letters.kept) == [2]
    desk.commands.done.add(invocation(command()).work)
    assert desk("dead", "replay", "2") == ExitCode.DONE
    assert (len(desk.commands.taken), desk.letters.kept) == (3, {})


def test_a_letter_that_is_not_ours_is_not_signed(desk: Desk) -> None:
    """To replay what somebody posted to the gateway would be to vouch for it; the others go."""
    desk.letters.give_up(letter(encode(command(index=7)), key=b"guessed"))
    desk.letters.give_up(letter(b"noise"))
    give_up(desk, command())
    assert desk("dead", "replay", "--all") == ExitCode.BAD_INPUT
    assert desk.out == "replayed 3\n"
    forged, noise = desk.err.splitlines()
    assert "dead letter 1 was not replayed: it is not from this pipeline" in forged
    assert "not a message" in noise
    assert list(desk.letters.kept) == [1, 2]
    assert [request.message for request, _, _ in desk.commands.taken] == [command()]


def test_replay_for_a_run_that_has_ended_says_what_to_do(ended: Desk) -> None:
    """Nothing is invoked, and the letter stays as evidence."""
    assert ended("dead", "replay", "--run", RUN) == ExitCode.BAD_INPUT
    assert f"run {RUN} has ended (the environment raised)" in ended.err
    assert f"`faastrain resume {RUN}`" in ended.err
    assert ended.commands.taken == []
    assert len(ended.letters.kept) == 1


def test_replay_for_a_run_that_was_removed_says_so(ended: Desk) -> None:
    asyncio.run(ended.facts.publish_once(RunRemoved(run=RUN)))
    assert ended("dead", "replay", "--run", RUN) == ExitCode.BAD_INPUT
    assert f"run {RUN} was removed; `faastrain dead drop 1` removes it" in ended.err
    assert ended.commands.taken == []


def test_drop_removes_what_was_chosen(ended: Desk) -> None:
    """One by its number, a run's, all; also those of runs that have ended."""
    give_up(ended, command("mine"), command("mine"), command("other"))
    assert ended("dead", "drop", "1") == ExitCode.DONE
    assert ended.out == "dropped 1\n"
    assert ended("dead", "drop", "--run", "mine") == ExitCode.DONE
    assert list(ended.letters.kept) == [4]
    assert ended("dead", "drop", "--all", "--json") == ExitCode.DONE
    assert ended.letters.kept == {}


@pytest.mark.parametrize("action", ["show", "replay", "drop"])
def test_a_number_that_is_none_is_bad_input(desk: Desk, action: str) -> None:
    """It may have been dropped meanwhile."""
    assert desk("dead", action, "7") == ExitCode.BAD_INPUT
    assert "there is no dead letter 7; `faastrain dead list`" in desk.err


@pytest.mark.parametrize(
    "argv", [["replay"], ["drop"], ["drop", "1", "--all"], ["replay", "--run", "x", "--all"], []]
)
def test_which_letters_must_be_said(desk: Desk, argv: list[str]) -> None:
    """Exactly one way of choosing; a mistake removes nothing."""
    give_up(desk, command())
    assert desk("dead", *argv) == ExitCode.BAD_INPUT
    assert len(desk.err.splitlines()) == 1
    assert len(desk.letters.kept) == 1


def test_status_and_a_failed_run_point_to_their_letters(ended: Desk) -> None:
    """A number and the command that lists them; a run without any says nothing."""
    give_up(ended, command("other"))
    assert ended("status") == ExitCode.DONE
    assert "2 dead letters; `faastrain dead list`\n" in ended.out
    assert ended("show", RUN) == ExitCode.DONE
    assert ended.err == f"1 dead letters; `faastrain dead list --run {RUN}`\n"
    ended.letters.kept.clear()
    assert ended("show", RUN) == ExitCode.DONE
    assert ended.err == ""
    assert ended("status") == ExitCode.DONE
    assert "dead letters" not in ended.out
