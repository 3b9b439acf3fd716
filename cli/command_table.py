"""Every command as data, and the parser made of it. Nothing heavy is imported here."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from faastraingym import __version__
from faastraingym.cli import exit_codes
from faastraingym.client.errors import BadInput
from faastraingym.client.target import VARIABLES
from faastraingym.loggers.kinds import KINDS


class Argument(NamedTuple):
    """What argparse's add_argument takes."""

    flags: tuple[str, ...]
    options: dict[str, Any]


class Command(NamedTuple):
    """One command; `handler` is `module:function`, imported when it runs."""

    name: str
    handler: str
    summary: str
    example: str  # what follows `faastrain`
    arguments: tuple[Argument, ...] = ()
    one_of: tuple[Argument, ...] = ()  # exactly one of them is given
    epilog: str = ""  # below its options


class Group(NamedTuple):
    """Commands under one name."""

    name: str
    summary: str
    commands: tuple[Command, ...]

    @property
    def example(self) -> str:
        """Of its first command."""
        return self.commands[0].example


def argument(*flags: str, **options: Any) -> Argument:
    """One argument of a command."""
    return Argument(flags, options)


SPEC = argument(
    "spec",
    metavar="SPEC",
    help="run specification: TOML, YAML or JSON; an environment that has an example, as "
    "CartPole-v1; or one of your own, as my_env.py:MyEnv or my_package:MyEnv-v0",
)
RUN = argument("run", metavar="RUN", help="a run's name; `faastrain runs` lists them")
NAME = argument("--run", metavar="NAME", help="name the run (default: SPEC's stem, time, 4 digits)")
SET = argument(
    "--set",
    dest="overrides",
    action="append",
    default=[],
    metavar="KEY=VALUE",
    help="override a field by a TOML value, as algorithm.learning_rate=0.001; may be repeated",
)
JSON = argument("--json", action="store_true", help="print JSON on stdout")
LOGGERS = tuple(
    argument(f"--{kind.name}", metavar=kind.takes, help=f"write its numbers: {kind.help}")
    for kind in KINDS
)
FOLLOW = argument("--follow", "-f", action="store_true", help="keep printing what is new")


STATUSES = ("requested", "running", "stopping", "completed", "failed")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of runs; write 1 or more")
    return int(text)


HOW_TO_LOAD = """\
FILE is a NumPy .npz; it needs nothing of ours to be read:

  import json, numpy
  data = numpy.load("policy.npz")
  report = json.loads(str(data["report"]))  # report["spec"]: the specification
  data["policy/layer_0/kernel"], data["policy/layer_0/bias"], ...,
  data["policy/head/kernel"], data["policy/head/bias"]

report["spec"]["algorithm"]["name"] is the algorithm. Where it has a policy
network, observations [B, O] float32, flat, or one-hot of a Discrete space,
become logits (discrete actions) or means (continuous; then there is
policy/log_std too) through

  x = observations
  if "statistics/mean" in data:  # the run normalised observations
      variance = data["statistics/m2"] / data["statistics/count"]
      x = (x - data["statistics/mean"]) / numpy.sqrt(variance + 1e-8)
      x = numpy.clip(x, -10, 10)
  for each layer_i:  # report["spec"]["algorithm"]["activation"]
      x = activation(x @ kernel + bias)
  outputs = x @ data["policy/head/kernel"] + data["policy/head/bias"]

The deterministic action is outputs.argmax(axis=1) +
data["spaces/action_start"], or outputs clipped to data["spaces/low"] and
data["spaces/high"]. faastraingym.Policy.load("policy.npz") does all that.
"""

SCRIPTS = """\
where the shells look for it:
  faastrain completion bash > ~/.local/share/bash-completion/completions/faastrain
  faastrain completion zsh > DIR/_faastrain    # DIR: a folder of $fpath
  faastrain completion fish > ~/.config/fish/completions/faastrain.fish
"""

LETTER = argument("id", type=int, metavar="ID", help="a number that `faastrain dead list` shows")
OF_RUN = argument("--run", metavar="RUN", help="those of one run")
SELECTED = (
    argument("id", type=int, metavar="ID", nargs="?", help=LETTER.options["help"]),
    OF_RUN,
    argument("--all", action="store_true", help="every one"),
)
DEAD_LETTERS = (
    Command("list", "dead:list_letters", "list them", "dead list", (OF_RUN, JSON)),
    Command(
        "show",
        "dead:show",
        "payload, error, attempts, when, where",
        "dead show 7",
        (LETTER, JSON),
    ),
    Command(
        "replay",
        "dead:replay",
        "invoke the function again with the message, and remove the dead letter",
        "dead replay --all",
        (JSON,),
        SELECTED,
    ),
    Command("drop", "dead:drop", "remove the dead letter", "dead drop 7", (JSON,), SELECTED),
)

PACKAGE = argument("package", metavar="NAME", help="a module, a package, or a SHA-256's beginning")
PACKAGES = (
    Command(
        "add",
        "env:add",
        "store an environment's code: functions import it, nothing is restarted",
        "env add my_package",
        (
            argument("path", metavar="PATH|WHEEL", help="a .py file, a folder, or a wheel"),
            JSON,
        ),
    ),
    Command("list", "env:list_packages", "list what was added", "env list", (JSON,)),
    Command(
        "remove",
        "env:remove",
        "remove it from the store; runs that use it cannot go on",
        "env remove my_package",
        (PACKAGE, JSON),
    ),
)
ENVIRONMENT = argument("--environment", metavar="ID", help="an environment, as CartPole-v1")
TRAIN = (
    Command(
        "train",
        "training:train",
        "start the stack if needed, start a run, follow it, write its results",
        "train CartPole-v1 --set seed=7",
        (
            SPEC,
            NAME,
            SET,
            argument("--no-files", action="store_true", help="write no results into ./runs/RUN"),
            *LOGGERS,
            JSON,
        ),
    ),
    Command(
        "start",
        "training:start",
        "start a run and return",
        "start spec.toml",
        (SPEC, NAME, SET, JSON),
    ),
    Command(
        "gate",
        "gate:gate",
        "train, or wait for a run, and compare its report with bounds: for CI",
        "gate spec.toml --min-return 475 --junit report.xml",
        (
            argument(
                "what",
                metavar="RUN|SPEC",
                help="a run's name, or a specification as for `train`, which is trained",
            ),
            argument(
                "--min-return",
                type=float,
                metavar="X",
                help="least mean return of the last evaluation (default: SPEC's target)",
            ),
            argument("--max-cost", type=float, metavar="Y", help="most GB-seconds, all functions"),
            argument("--junit", type=Path, metavar="FILE", help="write the checks as JUnit XML"),
            argument("--markdown", type=Path, metavar="FILE", help="write the summary as Markdown"),
            NAME,
            SET,
            JSON,
        ),
    ),
    Command(
        "follow",
        "training:follow",
        "watch a run to its end",
        "follow RUN",
        (RUN, *LOGGERS, JSON),
    ),
    Command(
        "init",
        "init:init",
        "write a commented specification, and an environment of your own to change",
        "init my-experiment",
        (
            argument(
                "folder",
                type=Path,
                metavar="DIR",
                nargs="?",
                default=Path(),
                help="where to (default: the current folder)",
            ),
            ENVIRONMENT,
            argument("--algorithm", metavar="NAME", help="an algorithm's name (default: ppo)"),
            argument("--force", action="store_true", help="replace files with other content"),
            JSON,
        ),
    ),
    Command(
        "stop",
        "training:stop",
        "end a run with the policy that it has",
        "stop RUN",
        (RUN,),
    ),
    Command(
        "resume",
        "training:resume",
        "continue a run that has ended where it stopped, bit for bit",
        "resume RUN --budget 200000",
        (
            RUN,
            argument("--budget", type=int, metavar="N", help="environment steps in all"),
            argument("--target", type=float, metavar="X", help="mean evaluation return"),
            JSON,
        ),
    ),
)
READ = (
    Command(
        "runs",
        "reading:list_runs",
        "list the runs, the newest first",
        "runs --limit 10 --status completed",
        (
            argument(
                "--limit", type=_count, metavar="N", help="at most N, the newest (default: all)"
            ),
            argument("--status", choices=STATUSES, help="only those of that status"),
            JSON,
        ),
    ),
    Command("show", "reading:show", "a run's report", "show RUN", (RUN, JSON)),
    Command(
        "events",
        "reading:events",
        "a run's facts; with --json one document a line",
        "events RUN --follow --json",
        (RUN, FOLLOW, JSON),
    ),
    Command(
        "fetch",
        "fetch:fetch",
        "write a run's report, learning curve and policy into a folder",
        "fetch RUN results",
        (
            RUN,
            argument(
                "folder", type=Path, metavar="DIR", nargs="?", help="where to (default: ./RUN)"
            ),
            argument(
                "--leg",
                type=int,
                metavar="N",
                help="a segment of a resumed run, from 0 (default: the last)",
            ),
            argument("--force", action="store_true", help="replace files with other content"),
            JSON,
        ),
    ),
    Command(
        "play",
        "play:play",
        "show an episode in a window, or write it into a file",
        "play RUN --out episode.gif",
        (
            argument("what", metavar="POLICY|RUN", help="a policy.npz or its folder, or a run"),
            ENVIRONMENT,
            argument("--seed", type=int, default=0, metavar="N", help="of the episode (default 0)"),
            argument(
                "--out",
                type=Path,
                metavar="FILE",
                help="a .gif or .mp4 file (default: a window; without a display: POLICY.gif)",
            ),
            JSON,
        ),
    ),
    Command(
        "export",
        "fetch:export",
        "write a run's policy, specification and report into one file",
        "export RUN policy.npz",
        (RUN, argument("file", type=Path, metavar="FILE", help="a .npz file"), JSON),
        epilog=HOW_TO_LOAD,
    ),
    Command(
        "export-metrics",
        "metrics:export_metrics",
        "write what loggers lack of a run's numbers",
        "export-metrics RUN --tensorboard tb",
        (RUN, *LOGGERS, JSON),
    ),
    Command(
        "trace",
        "trace:trace",
        "where the time of a run's iterations goes",
        "trace RUN --out trace.json",
        (
            RUN,
            argument(
                "--versions",
                metavar="A:B",
                help="from version A to version B (default: all; drawn: 5 around the median one)",
            ),
            argument(
                "--out",
                type=Path,
                action="append",
                metavar="FILE",
                help="a picture (.svg, .png) or a trace for https://ui.perfetto.dev (.json); "
                "may be repeated (default: RUN.svg)",
            ),
            JSON,
        ),
    ),
    Command(
        "logs",
        "logs:logs",
        "print what a function's replicas wrote, or all functions about a run",
        "logs rollout --since 10m",
        (
            argument(
                "name",
                metavar="FUNCTION|RUN",
                help="a function, as `faastrain status` names it, or else a run",
            ),
            FOLLOW,
            argument("--tail", type=int, default=-1, metavar="N", help="only the last N lines"),
            argument("--since", metavar="TIME", help="RFC 3339, or an age as 90s, 10m or 1h30m"),
            JSON,
        ),
    ),
)
STACK = (
    Group("env", "environments of one's own, as the functions have them", PACKAGES),
    Group("dead", "deliveries that the queue-worker gave up", DEAD_LETTERS),
    Command(
        "up",
        "stack:up",
        "start the embedded stack, or find the one that runs",
        "up",
        (argument("--foreground", action="store_true", help="stay until Ctrl-C"),),
    ),
    Command("down", "stack:down", "stop the embedded stack; its data stays", "down"),
    Command(
        "status",
        "stack:status",
        "functions, servers, streams, active runs",
        "status",
        (JSON,),
    ),
    Command(
        "completion",
        "completion:completion",
        "print a script that lets a shell complete commands, files and runs",
        "completion bash",
        (argument("shell", choices=("bash", "zsh", "fish")),),
        epilog=SCRIPTS,
    ),
    Command(
        "doctor",
        "doctor:doctor",
        "what could be wrong here, and what to do",
        "doctor",
        (JSON,),
    ),
)

SECTIONS: dict[str, tuple[Command | Group, ...]] = {
    "train a policy": TRAIN,
    "read a run": READ,
    "care for the stack": STACK,
}
COMMANDS = tuple(command for section in SECTIONS.values() for command in section)


class Parser(argparse.ArgumentParser):
    """Reports mistakes in one line, as all other errors."""

    def error(self, message: str) -> NoReturn:
        """Raise BadInput."""
        raise BadInput(f"{message}; see `{self.prog} --help`")


class Root(Parser):
    """The parser of all commands, whose help has them in sections."""

    def format_help(self) -> str:
        """Usage, the commands by section with an example each, options, variables, exit codes."""
        made = self._get_formatter()
        made.add_usage(self.usage, self._actions, self._mutually_exclusive_groups)
        made.add_text(self.description)
        listed = {}
        for action in self._actions:  # argparse has no other way to them
            if isinstance(action, argparse._SubParsersAction):
                listed = {choice.dest: choice for choice in action._choices_actions}
        for title, commands in SECTIONS.items():
            made.start_section(f"{title}, as `faastrain {commands[0].example}`")
            made.add_arguments([listed[command.name] for command in commands])
            made.end_section()
        made.start_section("options")
        made.add_arguments(self._optionals._group_actions)
        made.end_section()
        made.add_text(self.epilog)
        return made.format_help()


def parser() -> Parser:
    """The parser of all commands."""
    made = Root(
        prog="faastrain",
        description="Train reinforcement-learning policies as a pipeline of functions and events.",
        epilog=f"{VARIABLES}\n{exit_codes.epilog()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "--version",
        action="version",
        version=f"faastrain {__version__}",
        help="print the version",
    )
    _add(made, COMMANDS)
    return made


def _add(parent: argparse.ArgumentParser, commands: Sequence[Command | Group]) -> None:
    names = parent.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    for command in commands:
        more = "" if isinstance(command, Group) else command.epilog
        sub = names.add_parser(
            command.name,
            help=command.summary,
            description=command.summary[0].upper() + command.summary[1:] + ".",
            epilog=f"example:\n  faastrain {command.example}\n\n{more}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if isinstance(command, Group):
            _add(sub, command.commands)
        else:
            _fill(sub, command)


def _fill(parser: argparse.ArgumentParser, command: Command) -> None:
    for flags, options in command.arguments:
        parser.add_argument(*flags, **options)
    if command.one_of:
        alternatives = parser.add_mutually_exclusive_group(required=True)
        for flags, options in command.one_of:
            alternatives.add_argument(*flags, **options)
    parser.set_defaults(handler=command.handler)
