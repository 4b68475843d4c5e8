"""The environment is made from a Python that fits, or one line says why it cannot be."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT

pytestmark = pytest.mark.skipif(os.name == "nt", reason="stands in for programs by shell scripts")

# Answers what environment.sh asks of a Python, without being one.
STAND_IN = """#!/bin/sh
case "$*" in
*version_info*) echo {version} ;;
*ensurepip*) exit {ensurepip} ;;
*--version*) echo Python {version} ;;
"-m venv --clear "*) mkdir -p .venv/bin && cp "$0" .venv/bin/python && echo made >>log ;;
*"-r requirements.lock") echo installed >>log; exit ${{PIP_FAILS:-0}} ;;
esac
"""


class Checkout:
    """A folder with the script in it, where only the programs put into `bin` are found."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "a checkout"
        (self.folder / "tools").mkdir(parents=True)
        (self.folder / "bin").mkdir()
        shutil.copy(ROOT / "tools" / "environment.sh", self.folder / "tools")
        for name in ("requirements.lock", "pyproject.toml"):
            (self.folder / name).write_text(f"{name}\n")
        for name in ("sh", "cat", "cksum", "cp", "dirname", "head", "mkdir", "rm", "sed", "git"):
            program = shutil.which(name)
            assert program
            (self.folder / "bin" / name).symlink_to(program)

    def add(self, name: str, version: str, ensurepip: int = 0) -> None:
        python = self.folder / "bin" / name
        python.write_text(STAND_IN.format(version=version, ensurepip=ensurepip))
        python.chmod(0o755)

    def add_broken(self, name: str) -> None:
        python = self.folder / "bin" / name
        python.write_text("#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n")
        python.chmod(0o755)

    def make(self, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [shutil.which("sh") or "sh", "tools/environment.sh"],
            cwd=self.folder,
            env={"PATH": str(self.folder / "bin")} | variables,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def log(self) -> list[str]:
        path = self.folder / "log"
        return path.read_text().split() if path.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_it_is_made_once(checkout: Checkout) -> None:
    checkout.add("python3", "3.12")
    first = checkout.make()
    assert first.returncode == 0, first.stderr
    assert checkout.log == ["made", "installed"]
    second = checkout.make()
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert checkout.log == ["made", "installed"]


def test_a_new_lock_is_installed_into_the_same_environment(checkout: Checkout) -> None:
    checkout.add("python3", "3.12")
    checkout.make()
    (checkout.folder / "requirements.lock").write_text("changed\n")
    assert checkout.make().returncode == 0
    assert checkout.log == ["made", "installed", "installed"]


def test_an_interrupted_installation_is_made_again(checkout: Checkout) -> None:
    checkout.add("python3", "3.12")
    failed = checkout.make(PIP_FAILS="1")
    assert failed.returncode != 0
    assert failed.stderr.count("\n") == 1
    assert checkout.make().returncode == 0
    assert checkout.log == ["made", "installed", "made", "installed"]


def test_a_moved_environment_is_made_again(checkout: Checkout) -> None:
    checkout.add("python3", "3.12")
    checkout.make()
    checkout.folder = checkout.folder.rename(checkout.folder.with_name("moved"))
    assert checkout.make().returncode == 0
    assert checkout.log == ["made", "installed", "made", "installed"]


def test_the_first_python_that_runs_and_fits_is_taken(checkout: Checkout) -> None:
    checkout.add("python3", "3.10")
    checkout.add_broken("python3.13")
    checkout.add("python3.12", "3.12")
    assert "Python 3.12" in checkout.make().stdout


def test_another_python_can_be_asked_for(checkout: Checkout) -> None:
    checkout.add("python3", "3.12")
    checkout.add("other", "3.13")
    checkout.make()
    assert "Python 3.13" in checkout.make(PYTHON="other").stdout
    assert checkout.make().stdout == ""  # and it stays


@pytest.mark.parametrize(
    ("pythons", "variables", "line"),
    [
        ({"python3": "3.10"}, {}, "python3 is Python 3.10"),
        ({"python3": "3.14", "python": "2.7"}, {}, "python3 is Python 3.14"),
        ({}, {}, "python3 is no Python that runs"),
        ({"python3": "3.12", "old": "3.9"}, {"PYTHON": "old"}, "PYTHON=old is Python 3.9"),
        ({"python3": "3.12"}, {"PYTHON": "none"}, "PYTHON=none is no Python that runs"),
    ],
)
def test_a_python_that_does_not_fit_gets_one_line(
    checkout: Checkout, pythons: dict[str, str], variables: dict[str, str], line: str
) -> None:
    for name, version in pythons.items():
        checkout.add(name, version)
    made = checkout.make(**variables)
    assert made.returncode == 1
    assert line in made.stderr
    assert (made.stdout, made.stderr.count("\n")) == ("", 1)
    assert checkout.log == []


def test_a_python_without_venv_gets_one_line(checkout: Checkout) -> None:
    checkout.add("python3", "3.11", ensurepip=1)
    made = checkout.make()
    assert made.returncode == 1
    assert "python3-venv" in made.stderr
    assert (made.stdout, made.stderr.count("\n")) == ("", 1)


def test_a_missing_git_gets_one_line(checkout: Checkout) -> None:
    checkout.add("python3", "3.12")
    (checkout.folder / "bin" / "git").unlink()
    made = checkout.make()
    assert made.returncode == 1
    assert "git is not found" in made.stderr
    assert made.stderr.count("\n") == 1


def test_this_python_is_supported() -> None:
    assert (3, 11) <= sys.version_info[:2] <= (3, 13)
