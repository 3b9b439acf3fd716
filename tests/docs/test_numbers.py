"""What README and the questions claim is what docs/performance.md measured."""

import re
from collections.abc import Callable

import pytest

from tests.checkout import CHECKOUT

_ROW = re.compile(r"^\| (?:&emsp;)?([^|]+?) \| (\d[\d,.e-]*) \|", re.MULTILINE)
_PAGE = (CHECKOUT / "docs/performance.md").read_text()


def numbers(page: str) -> dict[str, float]:
    """A page's rows by name; the last of a name counts."""
    return {name: float(value.replace(",", "")) for name, value in _ROW.findall(page)}


def under(heading: str) -> str:
    """The rows below a heading of a table, up to the next one."""
    return _PAGE.partition(f"| **{heading}** |")[2].partition("| **")[0]


MEASURED = numbers(_PAGE)
MEASURED |= {f"solving: {name}": value for name, value in numbers(under("solving")).items()}


def inverse(format_: str) -> Callable[[float], str]:
    return lambda value: format(1 / value, format_)


def plain(format_: str) -> Callable[[float], str]:
    return lambda value: format(value, format_)


def spoken(value: float) -> str:
    """How often one number is in the other, as a person says it."""
    return {2: "twice", 3: "three times"}[round(1 / value)]


def thirds(value: float) -> str:
    return {1: "a third", 2: "two thirds"}[round(3 * value)]


README = [
    ("stack up, warm", plain(".1f"), "takes {} s with warm replicas"),
    ("stack up, functions at zero", plain(".1f"), "{} s from zero and"),
    ("from nothing", plain(".1f"), "{} s with no server running;"),
    ("solving: Stable-Baselines3", plain(".1f"), "Stable-Baselines3 takes {} s,"),
    ("solving: RLlib", plain(".1f"), "RLlib {} s (medians"),
    ("faastrain", plain(".0f"), "takes {} s instead of"),
    ("faastrain / Stable-Baselines3", inverse(".0f"), "**{} times faster**."),
    ("Stable-Baselines3", plain(",.0f"), "takes 25 s instead of {} s: **36"),
    ("36 runs, faastrain", plain(".0f"), "36 runs of CartPole-v1 takes {} s instead of"),
    ("36 runs, Ray Tune", plain(".0f"), "instead of Ray Tune's {} s: **3.2 times"),
    ("36 runs, Optuna", plain(".0f"), "Optuna alone takes {} s. Killed"),
    ("65,536-step updates: pipeline / Stable-Baselines3", plain(".1f"), "**{} times the steps**"),
    ("CartPole-v1 to 475: billed / server", thirds, "billed **{}** of the GB-seconds"),
    ("256-step updates: efficiency", spoken, "is {} as fast with tiny updates"),
    ("65,536-step updates: efficiency", inverse(".1f"), "{} times with large ones"),
]
QUESTIONS = [
    ("stack up, warm / Stable-Baselines3", inverse(".0f"), "| {} times faster |"),
    ("from nothing / Stable-Baselines3", inverse(".1f"), "| {} times faster |"),
    ("from nothing, nothing compiled before", plain(".1f"), "| {} s |"),
    ("Stable-Baselines3", plain(",.0f"), "instead of {} s"),
    ("256-step updates: pipeline", plain(",.0f"), "| 256 | {} |"),
    ("256-step updates: plain loop", plain(",.0f"), "| {} | a third"),
    ("8,192-step updates: plain loop", plain(",.0f"), "| {} | two thirds"),
    ("65,536-step updates: plain loop", plain(",.0f"), "| {} | nine tenths"),
    ("65,536-step updates: pipeline / RLlib", plain(".1f"), "{} times the steps per second"),
    ("RLlib", plain(".1f"), "takes {} s with RLlib"),
    ("invocations, 64 in flight", plain(",.0f"), "finish at {} per second"),
    ("invocations, 1 in flight", plain(",.0f"), "against {})"),
    ("CartPole-v1 to 475: billed", plain(".1f"), "is billed {} GB-seconds"),
    ("CartPole-v1 to 475: server kept for the run", plain(".1f"), "costs {}, three times"),
    ("CartPole-v1 to 475: held", plain(".0f"), "*hold* {} GB-seconds"),
]
CLAIMS = [("README.md", *claim) for claim in README]
CLAIMS += [("docs/faq.md", *claim) for claim in QUESTIONS]


@pytest.mark.parametrize(("document", "row", "shown", "words"), CLAIMS)
def test_a_number_is_the_one_that_was_measured(
    document: str, row: str, shown: Callable[[float], str], words: str
) -> None:
    text = " ".join((CHECKOUT / document).read_text().split())
    assert words.format(shown(MEASURED[row])) in text


def of_ten_seeds(task: str) -> dict[str, tuple[float, float]]:
    """Seconds to a target, and half of their interval, by who took them."""
    found = re.findall(r"^\| (\S+) \| ([\d.]+) ± ([\d.]+) \|", under(task), re.MULTILINE)
    return {who: (float(mean), float(half)) for who, mean, half in found}


@pytest.mark.parametrize(
    ("task", "form", "words"),
    [
        (
            "PPO, CartPole-v1 to 475",
            ".1f",
            "in {} ± {} s from zero replicas (ten seeds, 95 %), by Stable-Baselines3 in {} ± {} s:",
        ),
        ("SAC, Pendulum-v1 to -160", ".0f", "by SAC in {} ± {} s instead of {} ± {} s:"),
    ],
)
def test_times_to_a_target_are_those_of_ten_seeds(task: str, form: str, words: str) -> None:
    readme, found = " ".join((CHECKOUT / "README.md").read_text().split()), of_ten_seeds(task)
    ours, theirs = found["faastrain"], found["Stable-Baselines3"]
    faster = format(theirs[0] / ours[0], form)
    said = words.format(*(format(number, form) for number in (*ours, *theirs)))
    assert f"{said} **{faster} times faster**" in readme


def test_readme_is_short() -> None:
    assert len((CHECKOUT / "README.md").read_text().splitlines()) <= 120
