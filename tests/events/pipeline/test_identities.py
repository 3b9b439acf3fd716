"""What each message is recognised by, as literal values that were before ADR 36. Never change one.

Subjects are keys of the log, works and call ids of the queue: a broker that holds what an older
release said and sent takes none of it for new.
"""

from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from faastraingym.events.pipeline import follow_ups, subjects
from faastraingym.events.pipeline.commands import Invocation
from faastraingym.events.telemetry.identity import identity
from faastraingym.schemas.export import MESSAGE_TYPES
from faastraingym.schemas.messages import FACTS, CollectRollout, EvaluatePolicy, Message, tag
from tests.schemas.golden import versions
from tests.schemas.samples import SAMPLES


class Pin(NamedTuple):
    subject: str  # of a fact
    call_id: str  # of the second attempt at "f"
    work: str
    metered: dict[str, Any]
    outcome: str | None  # the fact which tells that all was done


WHOLE = [replace(one, piece=None) for one in SAMPLES if isinstance(one, EvaluatePolicy)]
MESSAGES = [*SAMPLES, *WHOLE]
PINS = [
    Pin(
        "ftg.run.requested.cartpole-1",
        "cea9cc3f-1864-52dd-b671-b6657a757e45",
        "16a0d6898af25baf8f5cb11fea2d621e",
        {"heard": "run.requested", "run": "cartpole-1"},
        None,
    ),
    Pin(
        "ftg.upload.heard.cartpole-1.a9add17c025b01c2",
        "de4f9364-e513-565c-b141-46938354a914",
        "267693903ecd5d4fba5ccfcd9a4c83d8",
        {"heard": "upload.heard", "run": "cartpole-1"},
        None,
    ),
    Pin(
        "ftg.run.started.cartpole-1",
        "fa901db3-31d4-5c81-a316-a07f64295280",
        "6f7d92c2b2345455aae0c76ef660a08a",
        {"heard": "run.started", "run": "cartpole-1"},
        "ftg.rewards.ready.cartpole-1.0",
    ),
    Pin(
        "ftg.policy.updated.cartpole-1.2",
        "13c2b8dd-e1db-5d83-92c9-9dc45090399d",
        "060bef3ccab35df2ba202011035c2004",
        {"heard": "policy.updated", "run": "cartpole-1", "version": 2},
        None,
    ),
    Pin(
        "ftg.rollout.completed.cartpole-1.2.1",
        "933ad547-1ad7-53ee-a457-bf8c0ee54002",
        "3b02779db1ab5e2d83a2e6cf10d46ea7",
        {"heard": "rollout.completed", "run": "cartpole-1", "version": 2, "index": 1},
        None,
    ),
    Pin(
        "ftg.rollout.reissued.cartpole-1.3.1",
        "f2303e8b-95f6-5ae0-87fa-2557e890045c",
        "74d9ed40a8305905ad00c4500f9a7de7",
        {"heard": "rollout.reissued", "run": "cartpole-1", "version": 3, "index": 1},
        None,
    ),
    Pin(
        "ftg.rewards.ready.cartpole-1.3",
        "bc0cb6e4-61d3-559b-a92c-038c17ff9540",
        "5e898a7bc984514d99d9456d61d9c5f8",
        {"heard": "rewards.ready", "run": "cartpole-1", "version": 3},
        None,
    ),
    Pin(
        "ftg.episodes.evaluated.cartpole-1.2.3",
        "2339f474-7163-5025-8d5b-71e51ed8da4f",
        "896d8318135557fc89c72de96f05a57e",
        {"heard": "episodes.evaluated", "run": "cartpole-1", "version": 2, "index": 3},
        None,
    ),
    Pin(
        "ftg.evaluation.completed.cartpole-1.2",
        "935cb7bf-02af-553a-bdd7-9378d60a35ec",
        "847dfa790a1a57cdb8ed9ecefea2f7b8",
        {"heard": "evaluation.completed", "run": "cartpole-1", "version": 2},
        None,
    ),
    Pin(
        "ftg.run.resumed.cartpole-1.1",
        "b146e006-2053-5db1-aee5-23335e82ff93",
        "85ca67aba8ed5304b858875565bc2e93",
        {"heard": "run.resumed", "run": "cartpole-1"},
        None,
    ),
    Pin(
        "ftg.run.stalled.cartpole-1.3",
        "484a0934-b4ac-552c-9e29-8e22d740a81b",
        "533d54311c7c5132b8a83afe3fa6edca",
        {"heard": "run.stalled", "run": "cartpole-1"},
        None,
    ),
    Pin(
        "ftg.run.stop-requested.cartpole-1.1",
        "c8ac2c05-687e-5492-9778-2ffcf9ba5d95",
        "a49aa43f2b785d9ca788343423cfffb5",
        {"heard": "run.stop-requested", "run": "cartpole-1"},
        None,
    ),
    Pin(
        "ftg.invocation.dead-lettered.cartpole-1.7f1c0f3e-2f0b-5a53-a6b5-0d8c54c1f3a1",
        "b42bc789-7eff-5b3d-89a1-e84c0db9741a",
        "427d752f4fec5c5f9b4f13af6432d14d",
        {"heard": "invocation.dead-lettered", "run": "cartpole-1"},
        None,
    ),
    Pin(
        "ftg.run.completed.cartpole-1.1",
        "e060c342-1069-52a2-85ab-e9a47604e3ef",
        "bca6d0d6e2cf552f98ff781c50cc22b5",
        {"heard": "run.completed", "run": "cartpole-1"},
        None,
    ),
    Pin(
        "ftg.run.failed.cartpole-1.1",
        "f02bd31d-b740-566f-b105-862a97040305",
        "bf5cff65d0fb5edb80291b89647db8b7",
        {"heard": "run.failed", "run": "cartpole-1"},
        None,
    ),
    Pin(
        "ftg.run.unreported.cartpole-1.1",
        "694fb7f3-d2a1-5918-98bd-82185a199083",
        "d50f6b31a7d4520ba355bec60352e2ac",
        {"heard": "run.unreported", "run": "cartpole-1"},
        None,
    ),
    Pin(
        "ftg.report.written.cartpole-1.1",
        "0487b112-ea4b-5a71-89f6-4bcfadd02f3a",
        "82f767ae2bfc50e4b84b15974ac8b6f6",
        {"heard": "report.written", "run": "cartpole-1"},
        None,
    ),
    Pin(
        "ftg.run.removed.cartpole-1",
        "8c81d7b2-c791-50d1-9c92-4b76e882fcfb",
        "5e2418c843d05b389683497d20501e15",
        {"heard": "run.removed", "run": "cartpole-1"},
        None,
    ),
    Pin(
        "ftg.experiment.requested.sweep",
        "cfdb65e6-f9d6-5411-9aaf-3777d8040247",
        "d4ca91005d41517b874baba8f6e8268d",
        {"heard": "experiment.requested", "run": "sweep"},
        None,
    ),
    Pin(
        "ftg.experiment.started.sweep",
        "bfc632fe-46a8-56dd-a638-ba4458fe0fc2",
        "ddcbd767594e58ba8bb5d66cd8d7609b",
        {"heard": "experiment.started", "run": "sweep"},
        None,
    ),
    Pin(
        "ftg.trial.requested.sweep.4",
        "711993e5-31e3-51b7-afcf-34a5b34965ef",
        "8dfd7bf30e635d7196767162beaf896a",
        {"heard": "trial.requested", "run": "sweep"},
        None,
    ),
    Pin(
        "ftg.trial.reported.sweep.4.7.1",
        "c84e6fcd-927e-5b3e-be65-a74c6626d4e1",
        "8bdf923275d15b4088a252b677706a49",
        {"heard": "trial.reported", "run": "sweep"},
        None,
    ),
    Pin(
        "ftg.trial.decided.sweep.4.1",
        "83ff974e-819e-5caf-8e71-de369b7e52d4",
        "d187a041a9d35dcb8060e49e142cbb05",
        {"heard": "trial.decided", "run": "sweep"},
        None,
    ),
    Pin(
        "ftg.experiment.stop-requested.sweep",
        "777022ac-1890-5be1-bc96-37c71a767bd0",
        "bd97243ff7f257e795ccc7bbe2867d38",
        {"heard": "experiment.stop-requested", "run": "sweep"},
        None,
    ),
    Pin(
        "ftg.experiment.completed.sweep",
        "c404b5e8-1b45-567f-a00c-97ded2089869",
        "8d6f45e6f0045ed59cf71825ac1ffdff",
        {"heard": "experiment.completed", "run": "sweep"},
        None,
    ),
    Pin(
        "ftg.experiment.failed.sweep",
        "59d8ca8a-bec3-5f33-b97c-49456ec7a90a",
        "7e0e2d26310f5ca59b32d7b9fad2adbf",
        {"heard": "experiment.failed", "run": "sweep"},
        None,
    ),
    Pin(
        "ftg.model.registered.models.cartpole.3",
        "d4772c01-3c9e-5c59-99b8-d8f696df886b",
        "b33a25fc4ca55d8985497cbc0e0fe1b0",
        {"heard": "model.registered", "run": "models", "version": 3},
        None,
    ),
    Pin(
        "ftg.model.promoted.models.cartpole.champion.2",
        "cc2481f4-936c-562e-abbb-b015a397f086",
        "abd69ddd8036545bb21266741cc07946",
        {"heard": "model.promoted", "run": "models"},
        None,
    ),
    Pin(
        "",
        "a4b666b6-9f1a-534f-b540-cecd00e08851",
        "6e956e6b49dc5e02bdc4545f760115fd",
        {"heard": "collect-rollout", "run": "cartpole-1", "version": 3, "index": 1},
        "ftg.rollout.completed.cartpole-1.3.1",
    ),
    Pin(
        "",
        "e9fff072-b061-5bb9-88d2-1067188c151a",
        "cc69c51ea32851fdbebff8e69d78ac68",
        {"heard": "update-policy", "run": "cartpole-1", "version": 2},
        "ftg.rewards.ready.cartpole-1.4",
    ),
    Pin(
        "",
        "ad39125d-6786-5615-ba1b-26ef63f11e3e",
        "b73d8d9f7afe5ce78c21ee4d79d26d6c",
        {"heard": "evaluate-policy", "run": "cartpole-1", "version": 2, "index": 3},
        "ftg.episodes.evaluated.cartpole-1.2.3",
    ),
    Pin(
        "",
        "693136cb-74bf-598e-80cc-a0b7c779adaa",
        "7ffce61e4445511793b5c40af34f6060",
        {"heard": "hear-upload", "run": "cartpole-1"},
        None,
    ),
    Pin(
        "",
        "6a157a6e-253f-51f2-a5c5-9858e14f23fc",
        "763d1276c28755689f82eb54f86b79df",
        {"heard": "restore-object", "run": "cartpole-1"},
        None,
    ),
    Pin(
        "",
        "4c3f7001-5a15-597e-898e-8d857264f48d",
        "d83ca6f452cc564e8be122230458807c",
        {"heard": "warm-up", "run": "cartpole-1"},
        None,
    ),
    Pin(
        "",
        "c2005415-478e-51e0-a5c8-d41668e9c9e9",
        "b5fa10e40f815d69a8c64edf9d4c6acb",
        {"heard": "invocation.completed", "run": "cartpole-1"},
        None,
    ),
    Pin(
        "",
        "dcd8748a-ba68-56df-8edf-596ce61f56ef",
        "9bd9f4fbb10a5b03a1522d0447a563f6",
        {"heard": "evaluate-policy", "run": "cartpole-1", "version": 2},
        "ftg.evaluation.completed.cartpole-1.2",
    ),
]


def test_each_type_that_was_released_is_pinned() -> None:
    released = {kind for kind in MESSAGE_TYPES if versions(tag(kind))}
    assert {type(message) for message in MESSAGES} == released


@pytest.mark.parametrize(
    ("message", "pin"),
    list(zip(MESSAGES, PINS, strict=True)),
    ids=[type(message).__name__ for message in MESSAGES],
)
def test_an_identity_is_the_same_for_ever(message: Message, pin: Pin) -> None:
    invocation = Invocation("f", message, 2)
    assert (invocation.call_id, invocation.work) == (pin.call_id, pin.work)
    assert identity(message) == pin.metered
    assert follow_ups.kept(message) == pin.outcome
    if isinstance(message, FACTS):
        assert subjects.of(message) == pin.subject


def test_an_early_copy_is_work_of_its_own() -> None:
    """So the queue holds it beside the first; the copy of one rollout is the same for ever."""
    (command,) = (one for one in SAMPLES if isinstance(one, CollectRollout))
    first, copy = Invocation("f", command, 2), Invocation("f", command, 2, early=True)
    assert copy.work == "5d9796b1a06159ff812efbe50656f8b4" != first.work
    assert copy.call_id == "1ff21812-b24c-5c77-bdfe-605a8cf0dc5a" != first.call_id


@pytest.mark.parametrize("message", SAMPLES, ids=lambda message: type(message).__name__)
def test_an_identity_names_what_the_message_has(message: Message) -> None:
    assert len(message.identified) == len(message.identity)
