"""What README and docs tell to type does what they say: the installed command, from any folder.

A command that is new in a document must be added to HOW, or to NOT_HERE with the reason why it
cannot be run by this test.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from faastraingym.cli.command import Group
from faastraingym.cli.command_table import COMMANDS
from tests.checkout import CHECKOUT
from tests.stack import documents
from tests.stack.facts import PATIENCE
from tests.stack.specs import SHORT
from tests.stack.support import Stack

TOOLS = CHECKOUT / ".tools" / "bin"


class Run(NamedTuple):
    """A command that is run as it stands there."""

    says: str = ""  # a pattern that its output has
    program: str = ""  # of `make tools`: where there is none, the command is left out


STARTED = r'"run_id":'
HOW = {
    r"make\b.*": Run(),  # each of its recipes is looked at, as below
    r"python -m faastraingym\.deploy\.kubernetes\.make_secrets deploy/kubernetes/secrets": Run(
        "wrote deploy"
    ),
    r"curl .*/function/start-run.*": Run(STARTED),
    r"nats pub ftg-start.*": Run("Published", "nats"),
    r"export [A-Z_]+=.*": Run(),
    r"(t|key|v1|v2)=.*": Run(),
    r"faastrain up": Run("^gateway "),
    r"faastrain check examples/experiments/cartpole\.toml": Run("an experiment of 12 configura"),
    r"prometheus --config\.file=\S+": Run("SUCCESS", "promtool"),
}
_CLUSTER = "needs a cluster; tests/conformance/test_kubernetes.py and test_faas_cli.py have it"
_PAGE = "needs what earlier steps export; tests/conformance/test_operations.py types the whole page"
_NEW = "needs a function that faas-cli has made; tests/conformance/test_new.py types it"
_OWN = "names files that a reader wrote; tests/docs/walks and test_env.py type it with such"
_COMPARED = "trains six runs; tests/docs/walks/test_comparing.py types it"
_MLFLOW = "`make loggers` has MLflow; tests/docs/walks/test_mlflow.py types it"
_STEPPED = "needs a caller's token; tests/stack/test_env_step.py types it"
_ASKED = "needs a registered model; tests/docs/walks/test_act.py types it"
_OPENENV = "`make openenv` has OpenEnv; tests/stack/test_openenv.py types it"
_ONNX = "tests/docs/walks/test_onnx.py types it"
_MEASURED = "tests/docs/walks/test_evaluations.py types it"
_REWARDED = "tests/docs/walks/test_reward_functions.py types it"
_GRID = "trains 36 runs; tests/docs/walks/test_running_experiments.py types it"
_FRESH = "tests/package installs the wheel into a new environment and types it in an empty folder"
NOT_HERE = {
    r"(pip|uv tool|pipx) install \.": _FRESH,
    r"faastrain train CartPole-v1": _FRESH,
    r"faastrain train CartPole-v1 --tensorboard .*": "needs an extra; tests/loggers has it",
    r"faastrain train examples/gymnax_cartpole\.toml": "`make jaxenvs` has gymnax; it trains there",
    r"faastrain export RUN --minari \S+": "tests/client/test_exporting.py opens what it writes",
    r'pip install "faastraingym\[onnx\]" onnxruntime': "requirements.lock has both",
    r"faastrain (train CartPole-v1 --run small .*|export (small|models/cartpole) .*)": _ONNX,
    r"faastrain (evaluate|start nightly|follow nightly|gate nightly) ?.*": _MEASURED,
    r"ls runs/filmed": _MEASURED,
    r"python -c ' import json one, three = .*": _MEASURED,
    r"faastrain gate CartPole-v1 .*": "tests/docs/walks/test_ci.py types it",
    r"faastrain (train|env add|env remove) \S*(my_|shapes_)\S*( --set .*)?": _OWN,
    r"(python hook\.py|faastrain models) .*": "tests/docs/walks/test_models.py types it",
    r"FTG_(WEBHOOKS|MLFLOW)=.* faastrain up": _OWN,
    r"faastrain (train (spec|tuned)\.toml|play models/) ?.*": _OWN,
    r"(echo \$!|until|sort|kill) .*": "tests/docs/walks/test_models.py types it",
    r"(pip install mlflow|mlflow server .*|pkill -P .*|API=.*|until curl .*)": _MLFLOW,
    r"python -m json\.tool champion\.json": _MLFLOW,
    r"(pip install openenv|(ENV_ID=\S+ )?uvicorn).*": _OPENENV,
    r"(FTG_ENVIRONMENTS=faas|python client\.).*": _OPENENV,
    r"(curl .*/function/env-step/.*|python -m json\.tool made\.json|state=.*)": _STEPPED,
    r"((TOKEN|GATEWAY)=.*|curl .*/function/act\".*|python (caller|episodes)\.py)": _ASKED,
    r"pip install (--no-deps 'faas|numpy gymn).*": "tests/remote/test_imports.py has these alone",
    r"faastrain env list": "tests/docs/walks/test_environment.py types it",
    r"pip download --no-deps shapes-of-mazes": "there is no such package",
    r"(for rate in 0\.001 .*|faastrain compare rate-.*|head -2 runs\.csv)": _COMPARED,
    r"faastrain (train examples/experiments/cartpole\.toml|compare grid) .*": _GRID,
    r"(mkdir centred|faastrain (rewards|show centred).*)": _REWARDED,
    r"faastrain down": "the following tests need the stack",
    r"kubectl .*": _CLUSTER,
    r"faas-cli .*": _CLUSTER,
    r"mkdir -p deploy/kubernetes/site": _PAGE,
    r"cat > deploy/kubernetes/site/kustomization\.yaml <<END .*": _PAGE,
    r"FAASTRAIN_STACK=.* faastrain up": _NEW,
    r"echo world \| faas-cli invoke hello": _NEW,
    r"docker .*": "needs Docker and a registry",
    r"MINIO_ROOT_USER=.*": "needs MinIO; tests/conformance/test_minio.py has it",
    r"mc .*": "needs MinIO's client; test_triggers.py writes the same object",
    r"nats stream backup .*": "needs a broker with its streams' owner as a user",
    r"\. \.venv/bin/activate": "the installed program is on this test's PATH",
    r"\.venv/bin/pytest .*": "a test of its own",
    r"python -m tests\.(fuzz|chaos)\b.*": "takes minutes: `make fuzz`, `make chaos`",
    r"\.venv/bin/python -m (tests\.schemas\.golden|benchmarks\.render) .*": "writes there",
}
# Indented, and no commands: the document and how they begin.
OTHER = {
    ("CONTRIBUTING.md", "cli"),
    ("docs/security.md", "export FAASTRAIN_TLS_CERT"),  # test_tls.py starts a stack so
    ("docs/remote_environments.md", "from stable_baselines3"),  # test_stable_baselines3.py has it
    ("docs/triggers.md", "MINIO_NOTIFY_"),
    ("docs/triggers.md", "[notification.webhook]"),
    ("docs/offline_data.md", "[algorithm]"),
    ("docs/onnx.md", "memory = "),  # Python; test_onnx_files.py hands a memory on
}
POOREST = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
RUN = "typed"
# The table of docs/commands.md: what is typed for each row, and the exit code when it is not 0.
ROWS: dict[str, list[tuple[str, int]]] = {
    "train SPEC": [(f"train examples/cartpole.toml --run {RUN}", 0)],
    "start SPEC": [
        ("start examples/cartpole.toml --run watched", 0),
        ("follow watched", 0),
        ("stop watched", 0),
    ],
    "check SPEC": [
        ("check examples/cartpole.toml --json", 0),
        ("check examples/experiments/cartpole.toml", 0),
        ("check examples/cartpole.toml --set algorithm.gama=1", 3),
    ],
    "gate SPEC": [
        (f"gate {RUN} --min-return 1 --max-cost 1000 --junit g.xml --markdown g.md", 0),
        ("gate examples/cartpole.toml --min-return 501", 1),
    ],
    "evaluate POLICY": [
        (f"evaluate {RUN} --episodes 3 --record 1 --out films", 0),
        ("evaluate nobody --detach", 3),
    ],
    "resume RUN": [(f"resume {RUN} --budget 500 --target 500", 0), (f"follow {RUN}", 1)],
    "compare RUN": [
        (f"compare {RUN} watched --csv c.csv --html c.html", 0),
        (f"compare {RUN} nobody", 3),
    ],
    "trace RUN": [(f"trace {RUN} --out t.svg --out t.png --out t.json", 0)],
    "dead list": [("dead list", 0), (f"dead list --run {RUN}", 0), ("dead show 999999", 3)],
    "dead replay": [("dead replay --all", 0), (f"dead drop --run {RUN}", 0), ("dead drop 9999", 3)],
    "runs": [
        ("runs", 0),
        ("runs --status completed --limit 1", 0),
        (f"show {RUN}", 0),
        (f"events {RUN}", 0),
    ],
    "experiments": [("experiments", 0), ("experiments --json", 0)],
    "best EXPERIMENT": [("best nobody", 3), (f"best {RUN} --json", 3)],
    "fetch RUN": [(f"fetch {RUN}", 0), (f"fetch {RUN} results --leg 0", 0)],
    "rm RUN": [
        ("rm watched --dry-run", 0),
        ("rm watched", 0),
        ("show watched", 3),
        ("rm nobody", 3),
    ],
    "init [DIR]": [("init mine --environment CartPole-v1 --algorithm a2c", 0)],
    "export-metrics RUN": [
        (f"export-metrics {RUN} --csv m.csv --jsonl m.jsonl", 0),
        (f"export-metrics {RUN}", 3),
    ],
    "play RUN": [(f"play {RUN} --out e.gif", 0), ("play nobody", 3)],
    "export RUN": [(f"export {RUN} policy.npz", 0), (f"export {RUN} --onnx p.onnx", 0)],
    "models list": [
        (f"models register mine {RUN} --episodes 2", 0),
        ("models promote mine champion --only-if-better", 0),
        ("models list", 0),
        ("models show mine@champion", 0),
        ("models canary mine champion --share 0.1", 0),
        ("models rollback mine@champion", 3),
        ("models trigger mine@champion examples/cartpole.toml", 0),
        ("models untrigger mine@champion cartpole", 0),
        ("models key", 0),
    ],
    "rewards deploy": [
        ("rewards deploy examples/reward_function/stack.yml", 0),
        ("rewards deploy nothing.yml", 3),
        ("rewards key centred", 0),
    ],
    "env add": [("env add short_pole.py", 0), ("env list", 0), ("env remove nobody", 3)],
    "up": [("up", 0), ("status", 0), ("doctor", 0)],
    "completion SHELL": [(f"completion {name}", 0) for name in ("bash", "zsh", "fish")],
    "logs FUNCTION": [("logs rollout", 0), (f"logs {RUN}", 0)],
}


def how(command: str) -> Run | str | None:
    """How a command is run, or why it is not; None where no table has it."""
    bare = " ".join(re.sub(r"(?<=\s)#.*$|\\$", "", command, flags=re.MULTILINE).split())
    for table in (HOW, NOT_HERE):
        for pattern, found in table.items():  # type: ignore[attr-defined]
            if re.fullmatch(pattern, bare):
                return found  # type: ignore[no-any-return]
    return None


def is_other(block: documents.Block) -> bool:
    return any(
        block.document == document and block.first.startswith(beginning)
        for document, beginning in OTHER
    )


BLOCKS = [b for d in documents.DOCUMENTS for b in documents.blocks(d) if not is_other(b)]


def test_every_command_is_run_or_has_a_reason_not_to_be() -> None:
    unknown = [(b.document, c) for b in BLOCKS for c in b.commands if how(c) is None]
    assert unknown == []


def test_every_table_is_of_use() -> None:
    """What a document no longer says leaves the tables, too."""
    typed = [c for b in BLOCKS for c in b.commands]
    for pattern, found in {**HOW, **NOT_HERE}.items():
        assert any(how(command) is found for command in typed), pattern
    assert len(BLOCKS) >= 20


def test_every_command_within_a_sentence_is_one() -> None:
    """Its name and its options are the command's own."""
    found = list(documents.spans())
    assert len(found) > 30
    for document, span in found:
        _, name, *words = span.split()
        known = next((command for command in COMMANDS if command.name == name), None)
        if isinstance(known, Group):
            known = next((c for c in known.commands if [c.name] == words[:1]), known.commands[0])
        assert known or name in ("--help", "--version"), (document, span)
        flags = (
            {flag for a in (*known.arguments, *known.one_of) for flag in a.flags} if known else ()
        )
        options = {word for word in words if word.startswith("--")}
        assert options <= {*flags}, (document, span)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that is no checkout, with what the commands name: a short specification in it."""
    folder = tmp_path_factory.mktemp("jürgen's folder ($HOME)")
    shutil.copytree(
        CHECKOUT / "deploy", folder / "deploy", ignore=shutil.ignore_patterns("secrets")
    )
    shutil.copy(CHECKOUT / "stack.yml", folder)
    shutil.copytree(CHECKOUT / "examples" / "experiments", folder / "examples" / "experiments")
    own = CHECKOUT / "examples" / "reward_function"
    shutil.copytree(own, folder / "examples" / "reward_function")
    (folder / "examples" / "cartpole.toml").write_text(_toml(SHORT))
    (folder / "spec.json").write_text(json.dumps(SHORT))
    (folder / "short_pole.py").write_text(
        "from gymnasium.envs.classic_control import CartPoleEnv\n\n\n"
        "class ShortPole(CartPoleEnv):\n    pass\n"
    )
    return folder


def _toml(spec: dict) -> str:
    lines = [f"seed = {spec['seed']}"]
    for name, table in spec.items():
        if isinstance(table, dict):
            lines += [f"[{name}]", *(f"{key} = {json.dumps(v)}" for key, v in table.items())]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def shell(place: Path, compiled: Path) -> Iterator[dict[str, str]]:
    """The variables of a reader's shell, whose stack is that of the current folder."""
    stack = Stack(place / ".faastrain", FTG_COMPILATION_CACHE=str(compiled))
    kept = {k: v for k, v in stack.environment.items() if k not in ("PYTHONPATH", "FAASTRAIN_HOME")}
    programs = f"{Path(sys.executable).parent}{os.pathsep}{TOOLS}{os.pathsep}{os.environ['PATH']}"
    kept = {k: v for k, v in kept.items() if k != "FTG_ENVIRONMENTS"} | {"PATH": programs}
    try:
        state = subprocess.run(["faastrain", "up"], cwd=place, env=kept, check=False)  # noqa: S607
        assert state.returncode == 0
        found, logins = stack.up(), stack.credentials()
        yield kept | {
            "CHECKOUT": str(CHECKOUT),
            "GATEWAY": found.gateway_url,
            "OPENFAAS_URL": found.gateway_url,
            "NATS_URL": found.nats_url,
            "TOKEN": logins.trigger_token,
            "PASSWORD": logins.nats["trigger"].password,
        }
    finally:
        stack.down()


def _row(cell: str) -> str | None:
    """The name of a row in ROWS: the one that its first command begins with."""
    command = cell.split("`")[1].removeprefix("faastrain ")
    return next((name for name in ROWS if command.startswith(name)), None)


def test_every_row_of_the_table_of_commands_is_typed(place: Path, shell: dict[str, str]) -> None:
    """In the table's order, on one run: trained, resumed, looked at, fetched.

    In the poorest locale there is: in all others a command has it easier.
    """
    cells = documents.rows()
    assert [_row(cell) for cell in cells].count(None) == 0, cells
    assert {_row(cell) for cell in cells} == set(ROWS)
    variables = {k: v for k, v in shell.items() if k != "OPENFAAS_URL"} | POOREST
    for name in dict.fromkeys(map(_row, cells)):
        for command, code in ROWS[str(name)]:
            done = subprocess.run(
                ["faastrain", *command.split()],  # noqa: S607
                cwd=place,
                env=variables,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
            assert done.returncode == code, (command, done.stdout, done.stderr)
            assert "Traceback" not in done.stderr
    made = {
        f"runs/{RUN}/report.1.json",
        "results/report.json",
        "policy.npz",
        "g.xml",
        "g.md",
        "c.csv",
        "c.html",
        "t.svg",
    }
    assert not [file for file in made if not (place / file).is_file()]


# make is asked what it would do; Prometheus would go on for ever, so its own tool reads the file.
PRELUDE = """
make() { command make --dry-run --directory="$CHECKOUT" "$@"; }
prometheus() { promtool check config "${1#--config.file=}"; }
mkdir -p deploy/kubernetes/secrets
printf %s "$TOKEN" >deploy/kubernetes/secrets/ftg-trigger-token
"""


def _runnable(block: documents.Block) -> Iterator[tuple[str, Run]]:
    for command in block.commands:
        found = how(command)
        if isinstance(found, Run) and (not found.program or (TOOLS / found.program).exists()):
            yield command, found


RUNNABLE = [block for block in BLOCKS if list(_runnable(block))]


@pytest.mark.parametrize(
    "block", RUNNABLE, ids=lambda block: f"{block.document}: {block.first:.40}"
)
def test_commands_do_what_they_say(
    block: documents.Block, place: Path, shell: dict[str, str]
) -> None:
    """A block is one script, in the folder of a reader."""
    commands = list(_runnable(block))
    prelude = PRELUDE
    if "make_secrets" in block.text:  # which leaves an existing folder alone
        shutil.rmtree(place / "deploy" / "kubernetes" / "secrets", ignore_errors=True)
        prelude = PRELUDE.partition("mkdir")[0]
    script = prelude + "\n".join(command for command, _ in commands)
    done = subprocess.run(
        ["/bin/sh", "-euc", script],
        cwd=place,
        env={k: v for k, v in shell.items() if k != "OPENFAAS_URL" or "OPENFAAS_URL" in block.text},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    for _, found in commands:
        assert re.search(found.says, said, re.MULTILINE), said
