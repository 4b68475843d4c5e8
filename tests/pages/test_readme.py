"""What the README tells a reader to type exists."""

import re

import pytest
import typer
from places import ROOT
from unrolled.cli import app

README = (ROOT / "README.md").read_text(encoding="utf-8")
TYPED = "\n".join(re.findall(r"^```\n(.*?)^```", README, re.DOTALL | re.MULTILINE))


@pytest.mark.parametrize("command", re.findall(r"^unrolled (\w+)", TYPED, re.MULTILINE))
def test_a_command_exists(command: str) -> None:
    assert command in typer.main.get_command(app).commands


@pytest.mark.parametrize("target", re.findall(r"\bmake (\w+)", TYPED))
def test_a_target_exists(target: str) -> None:
    assert re.search(rf"^{target}:.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)


def test_it_gives_the_two_commands_and_an_example_of_each_other() -> None:
    assert re.findall(r"^make (\w+)", TYPED, re.MULTILINE) == ["book", "test"]
    shown = set(re.findall(r"^unrolled (\w+)", TYPED, re.MULTILINE))
    assert shown == typer.main.get_command(app).commands.keys()
