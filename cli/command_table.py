"""Every command as data. Nothing heavy is imported here."""

import argparse
from pathlib import Path

from faastraingym.cli.command import Command, Group, argument
from faastraingym.cli.epilogs import HOW_TO_LOAD, SCRIPTS
from faastraingym.client.files import RESULTS
from faastraingym.loggers.kinds import KINDS

SPEC = argument(
    "spec",
    metavar="SPEC",
    help="specification of a run or an experiment: TOML, YAML or JSON; or an environment: a "
    "registered one, as CartPole-v1, or one of your own, as my_env.py:MyEnv or my_package:MyEnv-v0",
)
RUN = argument("run", metavar="RUN", help="a run's name; `faastrain runs` lists them")
PLAYER = "a policy.npz or its folder, a run, or a model as models/NAME@ALIAS"
LISTED = "a name; `faastrain runs` and `faastrain experiments` list them"
RUN_OR_EXPERIMENT = argument("run", metavar="RUN|EXPERIMENT", help=LISTED)
NAME = argument("--run", metavar="NAME", help="name the run (default: SPEC's stem, time, 4 digits)")
SET = argument(
    "--set",
    dest="overrides",
    action="append",
    default=[],
    metavar="KEY=VALUE",
    help="override a field by a TOML value, as algorithm.learning_rate=0.001; may be repeated",
)
BUDGET = argument(
    "--budget", type=int, metavar="N", help="environment steps, as --set stop.env_steps=N"
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
        "remove it from the store, unless a run that has not ended needs it",
        "env remove my_package",
        (PACKAGE, JSON),
    ),
)
VERSION = argument("version", metavar="MODEL", help="NAME, NAME@ALIAS or NAME/VERSION")
ALIAS = argument("alias", metavar="NAME@ALIAS", help="an alias of a model")
MODELS = (
    Command("list", "models:list_models", "list them, with their aliases", "models list", (JSON,)),
    Command(
        "show",
        "models:show",
        "a model's versions and the moves of its aliases; or one version",
        "models show cartpole",
        (VERSION, JSON),
    ),
    Command(
        "register",
        "models:register",
        "play episodes of a run's policy, and keep it as a model's next version",
        "models register cartpole RUN",
        (
            argument("name", metavar="NAME", help="of the model; its first version makes it"),
            RUN,
            argument(
                "--episodes", type=int, default=100, metavar="N", help="to play (default 100)"
            ),
            JSON,
        ),
    ),
    Command(
        "promote",
        "models:promote",
        "let an alias point to a version; with a bound, only if it is better",
        "models promote cartpole/2 champion --only-if-better",
        (
            VERSION,
            argument("alias", metavar="ALIAS", help="as champion"),
            argument(
                "--only-if-better",
                action="store_true",
                help="refuse it, unless the mean return is higher than the alias's version's",
            ),
            argument(
                "--probability",
                type=float,
                metavar="P",
                help="with --only-if-better: least, that it is higher, by a bootstrap (0.95)",
            ),
            JSON,
        ),
    ),
    Command(
        "canary",
        "models:canary",
        "have a version answer a share of those who ask an alias of the function act",
        "models canary cartpole/2 champion --share 0.1",
        (
            VERSION,
            argument("alias", metavar="ALIAS", help="as champion; its next move ends this"),
            argument(
                "--share",
                type=float,
                required=True,
                metavar="S",
                help="of requests, 0 to 1; 0: none any more",
            ),
            JSON,
        ),
    ),
    Command(
        "rollback",
        "models:rollback",
        "let an alias point to where it did before its newest promotion",
        "models rollback cartpole@champion",
        (ALIAS, JSON),
    ),
    Command(
        "trigger",
        "models:trigger",
        "have a run start whenever an alias is promoted, as from the promoted version",
        "models trigger cartpole@champion tuned.toml",
        (
            ALIAS,
            SPEC,
            argument("--name", dest="run", help="of the trigger (default: SPEC's stem)"),
            BUDGET,
            SET,
            JSON,
        ),
    ),
    Command(
        "untrigger",
        "models:untrigger",
        "have no more runs of a trigger start",
        "models untrigger cartpole@champion tuned",
        (
            ALIAS,
            argument("name", metavar="TRIGGER", help="a name that `faastrain models show` shows"),
            JSON,
        ),
    ),
    Command(
        "key",
        "models:key",
        "print the key by which webhooks know that a promotion's event is this stack's",
        "models key",
        (JSON,),
    ),
)
FUNCTION = argument("name", metavar="NAME", help="of the function, as a specification names it")
REWARDS = (
    Command(
        "deploy",
        "rewards:deploy",
        "deploy the functions of a stack.yml of one's own, each with its key",
        "rewards deploy stack.yml",
        (argument("file", type=Path, metavar="FILE", help="a stack.yml, as faas-cli has it"), JSON),
    ),
    Command(
        "key",
        "rewards:key",
        "print the key of a function, which its secret ftg-reward-key-NAME holds",
        "rewards key centred",
        (FUNCTION, JSON),
    ),
)
ENVIRONMENT = argument("--environment", metavar="ID", help="an environment, as CartPole-v1")
PLAYED = argument(
    "--environment",
    metavar="ENV",
    help="as of `train`: CartPole-v1, my_env.py:MyEnv, my_package:MyEnv-v0 (default: the run's)",
)
TRAIN = (
    Command(
        "train",
        "training:train",
        "start the stack if needed, start a run, follow it, write its results",
        "train CartPole-v1 --set seed=7",
        (
            SPEC,
            NAME,
            BUDGET,
            SET,
            argument(
                "--no-files", action="store_true", help=f"write no results into ./{RESULTS}/RUN"
            ),
            *LOGGERS,
            JSON,
        ),
    ),
    Command(
        "start",
        "training:start",
        "start a run and return",
        "start spec.toml",
        (SPEC, NAME, BUDGET, SET, JSON),
    ),
    Command(
        "check",
        "check:check",
        "whether a run or an experiment could be started; nothing is",
        "check experiment.toml",
        (SPEC, SET, JSON),
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
            BUDGET,
            SET,
            JSON,
        ),
    ),
    Command(
        "evaluate",
        "evaluate:evaluate",
        "play a policy's episodes in many functions at once: mean return, interval, cost",
        "evaluate models/cartpole@champion --episodes 1000",
        (
            argument("what", metavar="POLICY|RUN", help=PLAYER),
            argument(
                "--env",
                action="append",
                metavar="ENV",
                help="as of `train`; may be repeated (default: the policy's own)",
            ),
            argument(
                "--episodes",
                type=int,
                default=1000,
                metavar="N",
                help="in each environment, for each seed (default 1000)",
            ),
            argument(
                "--seed",
                type=int,
                action="append",
                metavar="N",
                help="of the episodes; may be repeated (default 0)",
            ),
            argument(
                "--workers",
                type=int,
                metavar="N",
                help="invocations that share the episodes, which changes no number",
            ),
            argument("--stochastic", action="store_true", help="draw actions"),
            argument(
                "--record", type=int, default=0, metavar="N", help="first episodes to be filmed"
            ),
            argument(
                "--out",
                type=Path,
                metavar="DIR",
                help=f"where DIR/RUN gets the films (default: ./{RESULTS})",
            ),
            argument(
                "--run", metavar="NAME", help="name the run, or the first part of several names"
            ),
            SET,
            argument("--detach", action="store_true", help="return once it was started"),
            JSON,
        ),
    ),
    Command(
        "follow",
        "training:follow",
        "watch a run or an experiment to its end",
        "follow RUN",
        (RUN_OR_EXPERIMENT, *LOGGERS, JSON),
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
        "end a run with the policy that it has, or an experiment with all of its runs",
        "stop RUN",
        (RUN_OR_EXPERIMENT,),
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
    Command(
        "rm",
        "removing:remove",
        "remove runs or experiments that have ended; no name is used again",
        "rm RUN --dry-run",
        (
            argument("runs", metavar="RUN|EXPERIMENT", nargs="+", help=LISTED),
            argument("--dry-run", action="store_true", help="only list what would be removed"),
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
    Command(
        "experiments",
        "experiments:list_experiments",
        "list the experiments, the newest first",
        "experiments",
        (JSON,),
    ),
    Command(
        "best",
        "best:best",
        "an experiment's best trial and its runs; its policy as a model",
        "best EXPERIMENT --register cartpole",
        (
            argument("experiment", metavar="EXPERIMENT", help="`faastrain experiments` lists them"),
            argument(
                "--register",
                metavar="NAME",
                help="keep the policy of its best run as a model's next version",
            ),
            JSON,
        ),
    ),
    Command(
        "compare",
        "compare:compare",
        "compare runs by configuration, with intervals over seeds",
        "compare RUN RUN --html comparison.html",
        (
            argument(
                "runs",
                metavar="RUN|EXPERIMENT",
                nargs="+",
                help="two or more runs, or an experiment",
            ),
            argument(
                "--target",
                type=float,
                metavar="X",
                help="mean evaluation return to be reached (default: the runs' own)",
            ),
            argument("--csv", type=Path, metavar="FILE", help="write a row for each run"),
            argument(
                "--html", type=Path, metavar="FILE", help="write a page of charts, without network"
            ),
            JSON,
        ),
    ),
    Command(
        "show",
        "reading:show",
        "a run's report, or an experiment's trials",
        "show RUN",
        (RUN_OR_EXPERIMENT, JSON),
    ),
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
        "write a run's report, learning curve, policy and films into a folder",
        "fetch RUN results",
        (
            RUN,
            argument(
                "folder",
                type=Path,
                metavar="DIR",
                nargs="?",
                help=f"where to (default: ./{RESULTS}/RUN)",
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
            argument(
                "what",
                metavar="POLICY|RUN",
                help=PLAYER,
            ),
            PLAYED,
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
        "write a policy, its specification and report into one file; or a run's episodes",
        "export RUN policy.npz",
        (
            argument("run", metavar="RUN|MODEL", help="a run, or a model as models/NAME@ALIAS"),
            argument(
                "--versions",
                metavar="A-B",
                help="with --minari: versions A to B, whose learner had the episodes (default: all "
                "that are kept)",
            ),
            JSON,
        ),
        (
            argument("file", type=Path, metavar="FILE", nargs="?", help="a .npz file"),
            argument(
                "--onnx",
                type=Path,
                metavar="FILE",
                help="a .onnx file, which acts where nothing of ours is installed: docs/onnx.md",
            ),
            argument(
                "--minari", metavar="NAME", help="a dataset of Minari, as cartpole/dqn-v0: episodes"
            ),
        ),
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
    Group("models", "policies that are kept, by name and version", MODELS),
    Group("rewards", "functions of one's own that give a run's rewards", REWARDS),
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
