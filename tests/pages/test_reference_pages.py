"""Glossary, notation and bibliography: complete, linked, and true of the code."""

import re

import pytest
import torch
from places import BOOK
from pybtex.database import parse_file
from unrolled.keras import cells as keras_cells
from unrolled.torch import cells as torch_cells

PAGES = {
    page.relative_to(BOOK).with_suffix("").as_posix(): page.read_text(encoding="utf-8")
    for page in sorted(BOOK.rglob("*.md"))
    if page.name != "README.md"
}
TERM = re.compile(r"\{term\}`(?:[^`<]*<)?([^`<>]+)>?`")
CITE = re.compile(r"\{cite(?::\w+)?\}`([^`]+)`")
FENCE = re.compile(r"^```\{glossary\}\n(.*?)^```", re.MULTILINE | re.DOTALL)
BIBLIOGRAPHY = parse_file(BOOK / "references.bib").entries


def entries(glossary: str) -> dict[str, str]:
    """The terms of a glossary and their definitions, in the order in which they stand."""
    (body,) = FENCE.findall(glossary)
    blocks = [block.split("\n", 1) for block in re.split(r"\n\n(?=\S)", body.strip())]
    return {term: " ".join(definition.split()) for term, definition in blocks}


def linked(page: str) -> set[str]:
    """The terms that a page links to, in lower case as Sphinx compares them."""
    return {" ".join(term.split()).lower() for term in TERM.findall(page)}


GLOSSARY = entries(PAGES["glossary"])
TERMS = {term.lower() for term in GLOSSARY}


def test_a_link_to_a_term_is_read():
    page = "A {term}`gate`, two {term}`gates <GRU>` and\n{term}`backpropagation\nthrough time`."
    assert linked(page) == {"gate", "gru", "backpropagation through time"}


def test_a_glossary_is_read():
    text = "# G\n\n```{glossary}\na term\n  One.\n  Two.\n\nb\n  Three.\n```\n"
    assert entries(text) == {"a term": "One. Two.", "b": "Three."}


def test_the_terms_are_in_order():
    assert list(GLOSSARY) == sorted(GLOSSARY, key=str.lower)


@pytest.mark.parametrize("term", GLOSSARY)
def test_a_definition_is_short_and_leads_to_its_chapter(term):
    definition = GLOSSARY[term]
    sentences, *chapters = re.split(r" (?:See|and) \{doc\}`|See \{doc\}`", definition)
    assert chapters or "{doc}`" in definition
    assert 1 <= len(re.findall(r"[.?](?: |$)", sentences)) <= 3
    for chapter in re.findall(r"\{doc\}`([^`]+)`", definition):
        assert chapter in PAGES, f"{chapter} is no page"


@pytest.mark.parametrize("term", GLOSSARY)
def test_a_term_is_linked_from_a_chapter(term):
    chapters = [text for name, text in PAGES.items() if name not in ("glossary", "notation")]
    assert any(term.lower() in linked(text) for text in chapters)


@pytest.mark.parametrize("page", PAGES)
def test_every_term_that_a_page_links_to_is_there(page):
    assert linked(PAGES[page]) - TERMS == set()


CITED = {
    key.strip().strip("}")
    for text in PAGES.values()
    for keys in CITE.findall(text)
    for key in re.sub(r"\{[^}]*\}", "", keys).split(",")
}


@pytest.mark.parametrize("key", BIBLIOGRAPHY)
def test_every_work_is_cited(key):
    assert key in CITED


def test_every_citation_has_a_work():
    assert CITED - set(BIBLIOGRAPHY) == set()


@pytest.mark.parametrize("key", BIBLIOGRAPHY)
def test_a_work_can_be_found(key):
    fields = BIBLIOGRAPHY[key].fields
    arxiv = fields.get("archiveprefix", "").lower() == "arxiv" and fields.get("eprint")
    assert fields.get("doi") or arxiv or fields.get("url", "").startswith("http")
    assert not fields.get("doi", "").startswith("http"), "a DOI by itself, without its address"
    assert re.fullmatch(r"\d{4}", fields["year"])
    assert BIBLIOGRAPHY[key].persons or fields.get("key")


def columns(row: str) -> list[str]:
    """The columns of the last row of the notation page that begins so."""
    lines = [line for line in PAGES["notation"].splitlines() if line.startswith(f"| {row} |")]
    return [column.strip() for column in lines[-1].strip("|").split(" | ")]


B, T, D, H = 4, 3, 2, 5


@pytest.fixture(scope="module", params=["lstm", "gru"])
def cells(request):
    """The same cell in PyTorch and in Keras."""
    in_keras = keras_cells.CELLS[request.param](H)
    in_keras.build((B, T, D))
    return torch_cells.CELLS[request.param](D, H), in_keras


@pytest.mark.parametrize(
    ("row", "symbol"), [("$W$", "W"), ("$U$", "U"), ("$b$", "b"), ("second bias of the GRU", "bh")]
)
def test_the_notation_page_names_the_tensors_as_the_code_does(cells, row, symbol):
    for entry, cell in zip(columns(row)[2:], cells, strict=True):
        holds = {name: symbols[0].split("_")[0] for name, symbols in cell.symbols.items()}
        if symbol in holds.values():
            assert holds[entry.strip("`")] == symbol
        else:
            assert (symbol, type(cell).__name__) == ("bh", "LSTM")


def test_the_notation_page_has_the_order_of_the_gates(cells):
    for entry, cell in zip(columns(f"order, {type(cells[0]).__name__}")[2:], cells, strict=True):
        assert tuple(f"_{gate}" for gate in entry.strip("$").split(", ")) == cell.gates


@pytest.mark.parametrize(
    ("row", "names"),
    [
        ("shape of $W$", ("weight_ih", "kernel")),
        ("shape of $U$", ("weight_hh", "recurrent_kernel")),
    ],
)
def test_the_notation_page_has_the_orientation_of_the_matrices(cells, row, names):
    sizes = {"G H": len(cells[0].gates) * H, "D": D, "H": H}
    for entry, cell, name in zip(columns(row)[2:], cells, names, strict=True):
        shape = tuple(sizes[size] for size in entry.strip("$()").split(", "))
        assert shape == tuple(getattr(cell, name).shape)


def test_batch_first_leaves_the_states_of_pytorch_alone():
    module = torch.nn.LSTM(D, H, batch_first=True, bidirectional=True, num_layers=2)
    outputs, (h_n, _) = module(torch.zeros(B, T, D))
    assert outputs.shape == (B, T, 2 * H)
    assert h_n.shape == (4, B, H)
    assert {"weight_ih_l0", "weight_ih_l0_reverse"} <= dict(module.named_parameters()).keys()
