"""What a message says of a package that is missing: its name, and the version that is wanted."""

import importlib.metadata
import tomllib
from collections.abc import Callable

import pytest
from packaging.requirements import Requirement
from places import ROOT
from unrolled import models, packages
from unrolled.errors import UserError

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
WANTED = {Requirement(line).name: line for line in EXTRAS["torch"] + EXTRAS["keras"]}


@pytest.fixture
def lack(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes packages look as if they were not installed."""

    def lacking(*names: str) -> None:
        def version(name: str) -> str:
            if name in names:
                raise importlib.metadata.PackageNotFoundError(name)
            return importlib.metadata.version(name)

        monkeypatch.setattr(packages, "version", version)

    return lacking


@pytest.mark.parametrize(
    ("framework", "missing"),
    [
        ("pytorch", ["torch"]),
        ("keras", ["keras"]),
        ("keras", ["tensorflow"]),
        ("keras", ["keras", "tensorflow"]),
    ],
)
def test_a_framework_that_is_missing_is_named_at_its_version(framework, missing, lack):
    lack(*missing)
    with pytest.raises(UserError) as caught:
        models.build(framework, None, 1, 1, 0)
    fault, _, command = str(caught.value).partition("; run ")
    assert fault == f"{' and '.join(missing)} {'are' if missing[1:] else 'is'} not installed"
    words = [WANTED[name] if "==" in WANTED[name] else f'"{WANTED[name]}"' for name in missing]
    assert command == f"`pip install {' '.join(words)}`"


def test_what_is_installed_is_told(lack):
    lack("ray")
    assert packages.versions("numpy") == {"numpy": importlib.metadata.version("numpy")}
    assert models.versions("pytorch") == {
        "unrolled": importlib.metadata.version("unrolled"),
        **packages.versions("numpy", "torch"),
    }


def test_a_checkout_that_is_not_installed_says_the_names(monkeypatch):
    def nowhere(name: str) -> list[str]:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(packages, "requires", nowhere)
    message = str(packages.not_installed("torch", "keras"))
    assert message == "torch and keras are not installed; run `pip install torch keras`"
