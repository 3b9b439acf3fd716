"""faas-cli itself works with the gateway, and whatever it says and hears is in the document."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from faastraingym import __version__
from faastraingym.embedded import deployments
from tests.callbacks import Receiver
from tests.checkout import CHECKOUT
from tests.conformance.faas_cli import FaasCli, departures, described, faas_cli, login
from tests.embedded.support import FUNCTIONS
from tests.stack.facts import PATIENCE
from tests.stack.support import Stack

STACK = str(FUNCTIONS / "stack.yml")  # in the folder itself, it would win over flags
SECRETS = "/system/secrets"
OURS = r"(\.openfaas-fn)?"  # which newer versions name


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of the functions for tests."""
    stack = Stack(tmp_path_factory.mktemp("tests"), FAASTRAIN_STACK=STACK)
    with stack.running():
        yield stack


@pytest.fixture
def cli(stack: Stack, tmp_path: Path) -> Iterator[FaasCli]:
    """In a folder with our template; its exchanges are held to the document."""
    (tmp_path / "template").symlink_to(CHECKOUT / "template")
    with faas_cli(stack, tmp_path, tmp_path) as cli:
        yield cli
        assert departures(cli.exchanges) == []


def deploy(cli: FaasCli, name: str, image: str, *more: str) -> str:
    """By flags, without a stack.yml."""
    return cli("deploy", "--name", name, "--image", f"example/{image}:1", *more)


def test_login_takes_the_password_and_no_other(cli: FaasCli, stack: Stack) -> None:
    """Who is not logged in is told to."""
    assert "password is incorrect" in cli.refused(
        "login", "--username", "admin", "--password-stdin", given="wrong"
    )
    cli("logout")
    assert 'run "faas-cli login"' in cli.refused("list")
    assert "credentials saved for admin" in login(cli, stack.credentials().gateway_password)
    assert "Function" in cli("list")
    asked = "GET /system/functions"
    assert cli.told() == [f"{asked} {status}" for status in (200, 401, 401, 200, 200)]


def test_version_reads_the_gateways_and_its_providers(cli: FaasCli) -> None:
    """Each by its own name."""
    said = cli("version", "--warn-update=false")
    gateway, provider = said.split("Gateway")[1].split("Provider")
    assert f"version: {__version__}" in gateway
    assert " ".join(provider.split()) == (
        f"name: faastrain-processes orchestration: processes version: {__version__} sha:"
    )


def test_namespaces_are_listed(cli: FaasCli) -> None:
    """The only one."""
    assert "openfaas-fn" in cli("namespaces")


def test_secrets_are_created_listed_updated_and_removed(cli: FaasCli) -> None:
    """From a literal, a file and standard input; values never come back; twice is refused."""
    (cli.folder / "file").write_bytes(b"of a file")
    cli("secret", "create", "of-a-literal", "--from-literal", "kept")
    cli("secret", "create", "of-a-file", "--from-file", "file")
    cli("secret", "create", "of-input", given="kept too")
    assert "already exists" in cli("secret", "create", "of-input", given="kept too")
    cli("secret", "update", "of-input", "--from-literal", "another")
    listed = cli("secret", "list")
    assert {"of-a-literal", "of-a-file", "of-input"} <= set(listed.split())
    deploy(cli, "tells", "dump", "--secret", "of-a-file", "--secret", "of-input")
    told = json.loads(cli("invoke", "tells", given="-"))
    assert told["secrets"] == {"of-a-file": "of a file", "of-input": "another"}
    assert "tells" in cli.refused("secret", "remove", "of-input")
    cli("remove", "tells")
    for name in ("of-a-literal", "of-a-file", "of-input"):
        cli("secret", "remove", name)
    assert "of-" not in cli("secret", "list")
    assert "absent" in cli.refused("secret", "remove", "absent")
    assert f"POST {SECRETS} 409" in cli.told()
    assert b"kept" not in b"".join(made.body for made in cli.exchanges)


def test_stack_yml_is_deployed_as_we_read_it(cli: FaasCli) -> None:
    """With its variables, labels and secrets; what exists is updated, what does not is posted."""
    cli("remove", "-f", STACK)
    assert cli("deploy", "-f", STACK).count("Deployed. 202 Accepted.") == 2
    cli("deploy", "-f", STACK)
    told = [line for line in cli.told() if line.startswith("P")]
    assert (
        sorted(told[:4]) == ["POST /system/functions 202"] * 2 + ["PUT /system/functions 404"] * 2
    )
    assert told[4:] == ["PUT /system/functions 202"] * 2
    listed = {line.split()[0]: line.split() for line in cli("list", "-v").splitlines()}
    ours = deployments.of_stack(Path(STACK), {})
    assert {name: listed[name][1] for name in ("echo", "dump")} == {
        wanted.service: wanted.image for wanted in ours
    }
    statuses = {each["name"]: each for each in json.loads(cli.exchanges[-1].body)}
    for wanted in ours:
        found = statuses[wanted.service]
        assert found["envProcess"] == "python index.py"
        assert found.get("envVars") == (wanted.env_vars or None)
        assert sorted(found.get("secrets", [])) == sorted(wanted.secrets or [])
        assert found["labels"] == wanted.labels
        assert found.get("limits", {}) == ({"memory": "128Mi"} if wanted.limits else {})


def test_describe_shows_what_was_deployed(cli: FaasCli) -> None:
    """And how it does."""
    flags = ("--label", "com.openfaas.scale.min=1", "--annotation", "topic=a b")
    deploy(cli, "described", "echo", *flags)
    cli("invoke", "described", given="hello")
    said = described(cli, "described")
    assert (said["name"], said["status"], said["image"]) == ("described", "Ready", "example/echo:1")
    assert (said["invocations"], said["available replicas"]) == ("1", "1")
    assert re.fullmatch(f"{cli.url}/function/described{OURS}", said["url"])
    assert said["topic"] == "a b"
    assert "No such function: absent" in cli.refused("describe", "absent")


def test_invoke_passes_body_headers_query_and_method_on(cli: FaasCli) -> None:
    """And an answer that is no 200 is an error that says what the function said."""
    deploy(cli, "called", "echo")
    mark = cli.header("X-Mark", "one")
    heard = (*mark, "--query", "a=b", "--content-type", "text/csv")
    assert cli("invoke", "called", *heard, given="hello") == "hello"
    assert re.fullmatch(rf"/function/called{OURS}\?a=b", cli.exchanges[-1].path)
    told = json.loads(cli.exchanges[-1].headers["x-heard"])
    assert (told["x-mark"], told["content-type"]) == ("one", "text/csv")
    assert told["x-call-id"] == cli.exchanges[-1].headers["x-call-id"]
    assert cli("invoke", "called", "--namespace", "openfaas-fn", "-m", "PUT", given="hi") == "hi"
    assert "418 - sorry" in cli.refused(
        "invoke", "called", *cli.header("X-Status", "418"), given="sorry"
    )
    assert cli.exchanges[-1].headers["x-start-time"].isdecimal()
    assert "404" in cli.refused("invoke", "absent", given="hello")
    assert re.fullmatch("[0-9a-f-]{36}", cli.exchanges[-1].headers["x-call-id"])


def test_invoke_later_calls_back(cli: FaasCli, stack: Stack, receiver: Receiver) -> None:
    """Through queue and queue-worker, with OpenFaaS's headers; who asks is known."""
    headers = {
        "X-Callback-Url": f"{receiver.url}/back",
        "X-Call-Id": "later",
        "Authorization": f"Bearer {stack.credentials().trigger_token}",
    }
    flags = [flag for name, value in headers.items() for flag in cli.header(name, value)]
    cli("invoke", "echo", "--async", *flags, given="hello")
    assert re.fullmatch(f"POST /async-function/echo{OURS} 202", cli.told()[-1])
    called = receiver.called.get(timeout=PATIENCE)
    assert (called.path, called.body) == ("/back", b"hello")
    assert called.headers["X-Call-Id"] == "later"
    assert called.headers["X-Function-Name"] == "echo"
    assert called.headers["X-Function-Status"] == "200"
    assert float(called.headers["X-Duration-Seconds"]) > 0


def test_logs_are_read(cli: FaasCli) -> None:
    """All, some, since a time, as JSON."""
    deploy(cli, "talks", "chatter")
    cli.run(
        "invoke", "talks", given="one\ntwo"
    )  # answered by 204, which faas-cli takes for an error
    once = ("--tail=false", "--since", "10m")
    assert {"one", "two", "and aside"} <= _texts(cli("logs", "talks", *once, "-o", "json"))
    assert len(cli("logs", "talks", *once, "--lines", "1").splitlines()) == 1
    assert "talks-" in cli("logs", "talks", *once, "--instance")
    assert (
        _texts(cli("logs", "talks", "--tail=false", "--since-time", "2999-01-02T03:04:05Z"))
        == set()
    )
    assert "404" in cli.refused("logs", "absent", *once)


def test_logs_are_followed(cli: FaasCli) -> None:
    """As long as somebody reads: what was said, and then what is."""
    deploy(cli, "talks-on", "chatter")
    with cli.popen("logs", "talks-on", "--output", "json") as following:
        try:
            assert following.stdout is not None
            for text in ("one", "two"):
                cli.run("invoke", "talks-on", given=text)
                heard = {json.loads(following.stdout.readline())["text"] for _ in range(2)}
                assert heard == {text, "and aside"}
        finally:
            following.kill()


def _texts(lines: str) -> set[str]:
    return {json.loads(line)["text"] for line in lines.splitlines()}


def test_what_cannot_be_deployed_is_said(cli: FaasCli) -> None:
    """An image that nobody has, a secret that nobody made, another namespace."""
    for flags, why in (
        (("--image", "example/nothing:1"), "example/nothing:1"),
        (("--image", "example/echo:1", "--secret", "nobodys"), "nobodys"),
        (("--image", "example/echo:1", "--namespace", "other"), "other"),
    ):
        assert why in cli.refused("deploy", "--name", "refused", *flags)
    assert "refused" not in cli("list", "--quiet").split()


def test_remove_removes(cli: FaasCli) -> None:
    """By name, by stack.yml; nothing else."""
    deploy(cli, "leaves", "echo")
    assert "Removing old function" in cli("remove", "leaves")
    assert "leaves" not in cli("list", "--quiet").split()
    assert "404" in cli.refused("invoke", "leaves", given="hello")
    cli("remove", "-f", STACK, "--filter", "dump")
    assert {"echo"} <= set(cli("list", "--quiet").split())
    cli("deploy", "-f", STACK)


@pytest.mark.parametrize("file", [Path(STACK), CHECKOUT / "stack.yml"], ids=["tests", "ours"])
def test_generate_says_the_same_to_kubernetes(cli: FaasCli, file: Path) -> None:
    """One resource a function, with all that we deploy."""
    said = cli("generate", "-f", str(file), "--api", "openfaas.com/v1")
    made: dict[str, Any] = {}
    for resource in yaml.safe_load_all(said):
        assert (resource["apiVersion"], resource["kind"]) == ("openfaas.com/v1", "Function")
        made[resource["metadata"]["name"]] = resource["spec"]
    ours = deployments.of_stack(file, {})
    assert sorted(made) == sorted(wanted.service for wanted in ours)
    for wanted in ours:
        spec = made[wanted.service]
        assert spec["image"] == wanted.image
        assert spec.get("environment") == (wanted.env_vars or None)
        assert spec.get("labels") == wanted.labels
        assert spec.get("annotations", {}) == (wanted.annotations or {})
        assert spec.get("secrets", []) == (wanted.secrets or [])
