"""Imports run one way: a floor may import the floors below it, never one above."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from places import PACKAGE

# From the ground up. Floors in one line do not import each other.
FLOORS = (
    ("errors", "glue", "cells"),
    ("files", "budgets", "packages"),
    ("numpy", "decoding", "pictures"),
    ("tasks",),
    ("training",),
    ("torch", "keras"),
    ("models",),
    ("studies", "bench"),
    ("experiments",),
    ("cli",),
    ("__main__",),
)
FLOOR = {name: height for height, names in enumerate(FLOORS) for name in names}
FRAMEWORKS = ("torch", "keras", "tensorflow")


def imported(file: Path) -> set[str]:
    """The parts of the package that a file imports, wherever in it the import stands."""
    parts: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "unrolled":
            parts |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("unrolled."):
            parts.add((node.module or "").split(".")[1])
        elif isinstance(node, ast.Import):
            names = (alias.name.split(".") for alias in node.names)
            parts |= {name[1] for name in names if name[0] == "unrolled" and len(name) > 1}
    return parts & FLOOR.keys()


def files() -> list[Path]:
    return sorted(file for file in PACKAGE.rglob("*.py") if file != PACKAGE / "__init__.py")


def test_every_part_has_a_floor():
    parts = {file.relative_to(PACKAGE).parts[0].removesuffix(".py") for file in files()}
    assert parts == FLOOR.keys()


@pytest.mark.parametrize("file", files(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_run_downwards(file):
    part = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert {name for name in imported(file) - {part} if FLOOR[name] >= FLOOR[part]} == set()


def test_the_package_and_the_command_line_load_no_framework():
    code = (
        "import sys, unrolled, unrolled.tasks.pronunciation, unrolled.training, unrolled.cli;"
        f"print(sorted(set(sys.modules) & set({FRAMEWORKS})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("one", "other"), [("torch", "keras"), ("keras", "torch")])
def test_the_frameworks_do_not_meet(one, other):
    for file in (PACKAGE / one).rglob("*.py"):
        assert other not in imported(file)
        tree = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        roots = {
            name.split(".")[0]
            for node in tree
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in [getattr(node, "module", None) or "", *(a.name for a in node.names)]
        }
        assert other not in roots - {"unrolled"}
