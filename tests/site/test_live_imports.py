"""What runs in the page: the network knows nothing of words, the explorer builds on the network."""

import re
from pathlib import Path

import pytest
from places import BOOK

LIVE = BOOK / "live"
# What a module may import, as it writes it.
ALLOWED = {
    "network": r"\./[\w-]+\.mjs",
    "explorer": r"(\.|\.\./network)/[\w-]+\.mjs",
}
IMPORT = re.compile(
    r"""(?:^import\s[^"'();]*|^export\s[^"'();]*\sfrom\s*|\bimport\()["'`]([^"'`]+)["'`]""",
    re.MULTILINE,
)
NAMES = ("word", "letter", "phoneme", "tag", "spell", "sound", "silent", "dictionar")
# Each at the start of a word, or of a part of a name such as `knownLetters`.
MATTER = re.compile(
    "|".join(
        rf"(?<![a-z]){name}\w*|{name.capitalize()}\w*|(?<![A-Z]){name.upper()}\w*" for name in NAMES
    )
)
MODULES = sorted(LIVE.rglob("*.mjs"))


def modules(folder: str) -> list[Path]:
    return [module for module in MODULES if module.parent == LIVE / folder]


def test_every_module_stands_in_one_of_the_two_folders():
    assert {module.parent.relative_to(LIVE).as_posix() for module in MODULES} == ALLOWED.keys()


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.relative_to(LIVE).as_posix())
def test_imports_lead_from_the_explorer_to_the_network(module):
    allowed = ALLOWED[module.parent.name]
    imported = IMPORT.findall(module.read_text("utf-8"))
    assert [path for path in imported if not re.fullmatch(allowed, path)] == []
    assert all((module.parent / path).is_file() for path in imported)


@pytest.mark.parametrize("module", modules("network"), ids=lambda module: module.name)
def test_the_network_names_nothing_of_its_task(module):
    assert MATTER.findall(module.read_text("utf-8")) == []


def test_both_would_be_seen():
    code = """
import { a,
  b } from "../explorer/a.mjs";
export { c } from "../explorer/c.mjs";
const { d } = await import("../explorer/d.mjs");
export const title = "no import"; // comes from `elsewhere`
const knownLetters = word, TAGS = stage; // foreword
"""
    assert IMPORT.findall(code) == [f"../explorer/{name}.mjs" for name in "acd"]
    assert MATTER.findall(code) == ["Letters", "word", "TAGS"]


def test_the_explorer_computes_by_the_network():
    imported = {path for m in modules("explorer") for path in IMPORT.findall(m.read_text("utf-8"))}
    assert "../network/model.mjs" in imported
