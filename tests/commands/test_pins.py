"""Versions are written in one place, and the places that must agree do."""

import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from places import ROOT
from unrolled import __version__

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
DIRECT = [
    Requirement(line) for group in [PROJECT["dependencies"], *EXTRAS.values()] for line in group
]
PIN = re.compile(r"^([\w.-]+)==([^\s;]+)", re.MULTILINE)


def locked(text: str) -> dict[str, str]:
    return {canonicalize_name(name): version for name, version in PIN.findall(text)}


def disagreements(direct: list[Requirement], lock: dict[str, str]) -> list[str]:
    return [
        str(requirement)
        for requirement in direct
        if (version := lock.get(canonicalize_name(requirement.name))) is None
        or not requirement.specifier.contains(version)
    ]


LOCK_TEXT = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def test_the_lock_satisfies_every_direct_dependency() -> None:
    assert disagreements(DIRECT, locked(LOCK_TEXT)) == []


@pytest.mark.parametrize(
    ("wanted", "lock"), [("a>=2", "a==1.9"), ("a==1.*", "a==2.0"), ("b", "a==1")]
)
def test_a_lock_that_does_not_satisfy_is_found(wanted: str, lock: str) -> None:
    assert disagreements([Requirement(wanted)], locked(lock)) == [wanted]


def test_each_dependency_is_named_and_locked_once() -> None:
    names = [canonicalize_name(requirement.name) for requirement in DIRECT]
    assert len(names) == len(set(names))
    pins = [canonicalize_name(name) for name, _ in PIN.findall(LOCK_TEXT)]
    assert len(pins) == len(set(pins))


def test_torch_is_pinned_exactly_and_brings_its_own_cuda() -> None:
    (torch,) = (str(requirement) for requirement in DIRECT if requirement.name == "torch")
    assert torch == f"torch=={locked(LOCK_TEXT)['torch']}"
    assert not [name for name in locked(LOCK_TEXT) if re.match(r"nvidia-|cuda-|triton", name)]


def test_the_tools_of_the_build_are_those_that_were_tried() -> None:
    pins = locked(LOCK_TEXT)
    assert pins["jupyter-book"] == "1.0.4.post1"  # 2.x reads no _config.yml
    assert pins["sphinx-external-toc"] == "1.0.1"  # 1.1.0 replaces Sphinx's numbering by its own


def test_workflows_run_the_oldest_and_the_newest_python() -> None:
    supported = PROJECT["requires-python"]
    assert supported == ">=3.11,<3.14"
    pythons = set()
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        pythons |= set(re.findall(r"3\.\d+", str(yaml.safe_load(path.read_text(encoding="utf-8")))))
    assert {"3.11", "3.13"} <= pythons <= {"3.11", "3.12", "3.13"}


def test_the_version_is_the_one_that_is_cited() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == PROJECT["version"] == __version__
