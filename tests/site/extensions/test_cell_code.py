"""The directive that folds away the code of a cell."""

import ast
import re

import pytest
from places import BOOK, ROOT
from unrolled_book.writing import cell_code

USED = [
    (page.stem, *use)
    for page in sorted((BOOK).rglob("*.md"))
    for use in re.findall(r"^```\{cell-code\} (\w+) (\w+)$", page.read_text("utf-8"), re.M)
]


def test_the_text_has_a_tab_for_each_framework():
    text = cell_code.markdown("cells/gated", "LSTM")
    assert text.count("{tab-item}") == text.count(":pyobject: LSTM") == 3
    assert text.startswith("``````{dropdown} LSTM in PyTorch, Keras and NumPy\n")
    assert re.findall(r":sync: (\w+)", text) == ["pytorch", "keras", "numpy"]


def test_the_directive_is_used():
    assert USED


@pytest.mark.parametrize(("page", "module", "name"), USED)
def test_what_a_page_folds_away_is_there(page, module, name):
    text = cell_code.markdown(cell_code.path(module), name)
    for file in re.findall(r"\{literalinclude\} /(\S+)", text):
        tree = ast.parse((ROOT / file).read_text("utf-8"))
        assert name in [node.name for node in tree.body if isinstance(node, ast.ClassDef)], page
