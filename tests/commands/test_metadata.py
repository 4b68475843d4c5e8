"""The wheel says where it comes from and where mistakes are reported, if that was known."""

import re
import shutil
import subprocess
import sys
from email import message_from_string
from pathlib import Path

import pytest
from places import ROOT

SET, REMOTE = "https://gitlab.example.edu/group/book", "https://github.com/us/book"
URLS = [f"Repository, {REMOTE}", f"Issues, {REMOTE}/issues"]
FILES = ["pyproject.toml", "setup.py", "README.md", "LICENSE", "code/unrolled/__init__.py"]
FILES += [f"book/_ext/unrolled_book/{name}.py" for name in ("__init__", "origin")]
BUILD = "import setuptools.build_meta as b; b.prepare_metadata_for_build_wheel('out')"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """What the metadata are made of, with no address set and no git."""
    folder = tmp_path / "source"
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    set_address(folder, "")
    return folder


def set_address(folder: Path, address: str) -> None:
    file = folder / "pyproject.toml"
    line = re.compile(r"^repository = .*$", re.MULTILINE)
    text, changes = line.subn(f'repository = "{address}"', file.read_text("utf-8"))
    assert changes == 1
    file.write_text(text, "utf-8")


def project_urls(folder: Path) -> list[str]:
    """The addresses in the metadata of the wheel."""
    (folder / "out").mkdir()
    subprocess.run([sys.executable, "-c", BUILD], cwd=folder, check=True, capture_output=True)
    (file,) = (folder / "out").glob("*/METADATA")
    return message_from_string(file.read_text("utf-8")).get_all("Project-URL", [])


def test_where_nobody_knows_the_wheel_says_nothing(source: Path) -> None:
    assert project_urls(source) == []


def test_the_wheel_says_what_is_set(source: Path) -> None:
    set_address(source, SET)
    assert project_urls(source) == [f"Repository, {SET}", f"Issues, {SET}/-/issues"]


def test_the_wheel_of_a_checkout_says_its_remote(source: Path) -> None:
    remote = ["remote", "add", "origin", "git@github.com:us/book.git"]
    for arguments in (["init", "--quiet"], remote):
        subprocess.run(["git", "-C", str(source), *arguments], check=True)
    assert project_urls(source) == URLS


def test_the_wheel_of_a_source_distribution_says_what_that_says(source: Path) -> None:
    lines = ["Metadata-Version: 2.4", "Name: unrolled", *(f"Project-URL: {url}" for url in URLS)]
    (source / "PKG-INFO").write_text("\n".join([*lines, "", "About it."]), "utf-8")
    assert project_urls(source) == URLS
