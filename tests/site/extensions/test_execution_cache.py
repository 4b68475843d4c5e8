"""Outputs are kept only as long as nothing that they depend on has changed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager
from places import BOOK
from unrolled_book.finishing.page_runtime import ran
from unrolled_book.notebooks import execution_cache

PAGE = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  name: python3
---
# A page

```{code-cell} python
import sys
sys.path.insert(0, "../code")
import thing
thing.VALUE
```
"""
CONFIG = """\
title: A book
exclude_patterns: [.cache]
execute: {execute_notebooks: cache, raise_on_error: true}
sphinx:
  local_extensions:
    unrolled_book.notebooks.execution_cache: book/_ext
    unrolled_book.finishing.page_runtime: book/_ext
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "a project"
    (root / "code").mkdir(parents=True)
    (root / "book" / "results").mkdir(parents=True)
    (root / "requirements.lock").write_text("a==1\n")
    (root / "code" / "thing.py").write_text("VALUE = 'first'\n")
    (root / "book" / "results" / "runs.jsonl").write_text("{}\n")
    return root


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "code" / "thing.py").write_text("VALUE = 'other'\n"),
        lambda root: (root / "code" / "new.py").write_text(""),
        lambda root: (root / "code" / "thing.py").rename(root / "code" / "thong.py"),
        lambda root: (root / "requirements.lock").write_text("a==2\n"),
        lambda root: (root / "book" / "results" / "runs.jsonl").write_text("{} \n"),
        lambda root: (root / "book" / "results" / "more.jsonl").write_text(""),
    ],
    ids=["changed", "added", "renamed", "lock", "results", "more results"],
)
def test_a_change_gives_another_fingerprint(project: Path, change) -> None:
    before = execution_cache.fingerprint(project, "live")
    assert execution_cache.fingerprint(project, "live") == before
    change(project)
    assert execution_cache.fingerprint(project, "live") != before


def test_the_budget_is_part_of_the_fingerprint(project: Path) -> None:
    prints = {execution_cache.fingerprint(project, name) for name in ("smoke", "live", "full")}
    assert len(prints) == 3


def test_what_no_cell_uses_leaves_the_fingerprint(project: Path) -> None:
    before = execution_cache.fingerprint(project, "live")
    os.utime(project / "code" / "thing.py", (1, 1))
    (project / "code" / "thing.pyc").write_text("compiled")
    (project / "README.md").write_text("text")
    assert execution_cache.fingerprint(project, "live") == before


def test_only_the_caches_used_last_stay(tmp_path: Path) -> None:
    for age in range(6):
        (tmp_path / f"{age}").mkdir()
        os.utime(tmp_path / f"{age}", (1000 - age, 1000 - age))
    execution_cache.prune(tmp_path, kept=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1"]


@pytest.mark.slow
def test_a_book_shows_what_the_code_does_now(project: Path) -> None:
    """The whole way: build, build again from the cache, change the code alone, build."""
    shutil.copytree(BOOK / "_ext", project / "book" / "_ext")
    (project / "book" / "page.md").write_text(PAGE)
    (project / "_config.yml").write_text(CONFIG)
    (project / "_toc.yml").write_text("format: jb-book\nroot: book/page\n")

    def build() -> tuple[str, bool]:
        command = [shutil.which("jupyter-book", path=Path(sys.executable).parent), "build", "."]
        done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        page = (project / "_build" / "html" / "book" / "page.html").read_text(encoding="utf-8")
        return page, "Executed notebook in" in done.stdout + done.stderr

    page, executed = build()
    assert executed
    assert "first" in page
    assert "The cells of this page ran in" in page
    (project / "book" / "page.md").write_text(PAGE.replace("# A page", "# A new title"))
    page, executed = build()
    assert not executed
    assert "A new title" in page
    assert "The cells of this page ran in" in page
    (project / "code" / "thing.py").write_text("VALUE = 'second'\n")
    page, executed = build()
    assert executed
    assert "second" in page
    assert "first" not in page


def test_the_time_of_a_run_reads_well() -> None:
    assert ran(0.2, "live").endswith("ran in less than a second, at the live budget.")
    assert "ran in 63 s, at the smoke budget" in ran(63.4, "smoke")
    assert "ran in 2 min 5 s" in ran(125.1, "live")
    assert "ran in 2 min 0 s" in ran(119.7, "live")


def test_notebooks_run_the_python_of_this_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the environment is not activated: PATH plays no part."""
    monkeypatch.setenv("PATH", "")
    spec = KernelSpecManager().get_kernel_spec("python3")
    command = KernelManager(kernel_name="python3").format_kernel_cmd()
    assert spec.argv[1:3] == ["-m", "ipykernel_launcher"]
    assert Path(command[0]) == Path(sys.executable)
