"""The sentences and formulas of theory/types-of-rnn and theory/cells, held against the code."""

import re
from collections import Counter
from functools import partial

import claims
import numpy as np
import pytest
import torch
from places import BOOK
from torch.utils.flop_counter import FlopCounterMode
from unrolled.studies import shapes
from unrolled.tasks import pronunciation
from unrolled.torch.cells import CELLS
from unrolled_book.writing import cell_table

says = partial(claims.says, "theory/types-of-rnn")
cells_say = partial(claims.says, "theory/cells")
TYPES, CELLS_PAGE = (
    (BOOK / "theory" / f"{page}.md").read_text(encoding="utf-8")
    for page in ("types-of-rnn", "cells")
)
NUMBER = r"\$([^$]+)\$"
TAIL = r"([\w ]+) \| ([^|\n]+) \|$"
ROW = re.compile(
    rf"^\| \{{ref\}}`[^<]+<cell-([\w-]+)>` (\d+) (\S+) \| [^|]+ \| {NUMBER} \| {NUMBER} "
    r"\| ([\w ]+) \|$",
    re.M,
)
SECTION = re.compile(
    rf"^\(cell-([\w-]+)\)=\n.*?^\| {NUMBER} \| {NUMBER} \| {NUMBER} \| {TAIL}", re.M | re.S
)
ROWS = {name: rest for name, *rest in ROW.findall(cell_table.markdown(CELLS_PAGE))}
SECTIONS = {name: rest for name, *rest in SECTION.findall(CELLS_PAGE)}
D, H = 7, 11  # neither divides the other, nor any other number of the formulas


def value(formula: str) -> int:
    """The value of a sum of products such as 4HD + H^2 + 2, at D and H above."""
    total = 0
    for term in formula.split(" + "):
        match = re.fullmatch(r"(\d*)(H?)(\^2)?(D?)", term)
        assert match, formula
        number, wide, square, deep = match.groups()
        total += int(number or 1) * (H ** (2 if square else 1) if wide else 1) * (D if deep else 1)
    return total


def test_formulas_are_read():
    assert value("4HD + H^2 + 2D + 3") == 4 * H * D + H * H + 2 * D + 3
    with pytest.raises(AssertionError):
        value("H^3")


def test_every_cell_has_a_row_and_a_section():
    assert list(ROWS) == list(SECTIONS) == list(CELLS)
    table = TYPES.partition("### By cell\n")[2].partition("\n### ")[0]
    assert table.endswith("\n```{cell-table}\n```\n")


def test_a_cell_without_a_section_is_an_error():
    with pytest.raises(KeyError, match="mgu"):
        cell_table.markdown(CELLS_PAGE.replace("(cell-mgu)=", "(cell-other)="))
    facts = next(line for line in CELLS_PAGE.splitlines() if "{cite}`zhou2016` |" in line)
    with pytest.raises(KeyError, match="mgu"):
        cell_table.markdown(CELLS_PAGE.replace(facts, ""))


@pytest.mark.parametrize("name", CELLS)
def test_the_formulas_are_those_of_the_class(name):
    layer = CELLS[name](D, H)
    state = sum(torch.Size(shape).numel() for shape in layer.state_shapes)
    parameters = sum(p.numel() for p in layer.parameters())
    _, source, at_a_glance, size, at_once = ROWS[name]
    in_detail, detail_size, _, detail_at_once, detail_source = SECTIONS[name]
    assert value(at_a_glance) == value(in_detail) == state
    assert value(size) == value(detail_size) == parameters
    assert at_once == detail_at_once
    assert (at_once not in ("no", "products only")) == layer.parallel
    assert source.split("`")[1].split(",")[0] in detail_source


@pytest.mark.parametrize("name", CELLS)
def test_the_products_are_those_of_a_step(name):
    """As PyTorch counts them; of one more step of the loop, so that no preparation counts."""
    layer, counts = CELLS[name](D, H), []
    for T in (3, 4):
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            layer.unroll(torch.randn(1, T, D))
        counts.append(counter.get_total_flops())
    assert (counts[1] - counts[0]) / 2 == value(SECTIONS[name][2])


def test_parameters_differ_at_one_width_by_more_than_ten():
    cells_say("differ by a factor of more than ten at the same width")
    sizes = [sum(p.numel() for p in kind(32, 64).parameters()) for kind in CELLS.values()]
    assert max(sizes) > 10 * min(sizes)


def test_each_year_is_that_of_its_first_source():
    bibliography = (BOOK / "references.bib").read_text(encoding="utf-8")
    published = {"selective-ssm": "2024"}  # the year is that of its preprint
    for name, (year, source, *_) in ROWS.items():
        key = source.split("`")[1].split(",")[0]
        entry = re.search(rf"\{{{key},.*?\byear\s*=\s*\{{(\d+)\}}", bibliography, re.S)
        assert entry, key
        assert entry[1] in (year, published.get(name))


def test_clockwork_uses_ten_of_sixteen_parts_of_its_matrix():
    cells_say(r"of its entries $\frac{10}{16}$ are used")
    mask = CELLS["clockwork"](3, 16).mask
    assert mask.mean().item() == 10 / 16


def test_the_lstm_counts_and_means_cannot():
    cells_say("with $f = 1$, $i = 1$ and $g$ fixed, $c_t$ grows by the same amount at each step")
    x = torch.zeros(1, 200, 3)
    layer = CELLS["lstm"](3, 4)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
        layer.bias[:8], layer.bias[8:12] = 50, 1
        _, (_, c) = layer(x)
        assert torch.allclose(c, torch.full((1, 4), 200 * np.tanh(1.0)), rtol=1e-4)
        for name in ("gru", "gru-before", "mgu", "coupled"):
            layer = CELLS[name](3, 4)
            for parameter in layer.parameters():
                parameter.mul_(20)
            _, state = layer(torch.randn(1, 200, 3))
            assert state[-1].abs().max() <= 1 + 1e-6


def test_half_lives_of_the_forget_gate():
    cells_say(
        "$2.2$ steps at $f = 0.73$, $69$ at $f = 0.99$",
        "$\\sigma(1) = 0.73$",
        "the $0.5$ of a bias of 0, whose half-life is one step",
        "It takes $b_f = 5$ to begin with a half-life of a hundred.",
    )
    bias = np.array([0, 1, 5])
    f = np.append(1 / (1 + np.exp(-bias)), 0.99)
    assert np.allclose(np.log(2) / -np.log(f), [1, 2.2, 103, 69], rtol=0.01)
    assert round(f[1], 2) == 0.73


def test_the_direct_way_of_the_lstm_has_the_slope_f():
    cells_say(r"$\partial c_t / \partial c_{t-1} = \operatorname{diag}(f)$")
    layer = CELLS["lstm"](3, 4)
    x, h, c = torch.randn(1, 3), torch.randn(1, 4), torch.randn(1, 4)
    slope = torch.func.jacrev(lambda c: layer.step(x, (h, c))[1][1][0])(c)[:, 0]
    a_f = (layer.project(x) + h @ layer.weight_hh.T)[0, 4:8]
    assert torch.allclose(slope, torch.diag(torch.sigmoid(a_f)), atol=1e-6)


def test_both_forms_of_the_mlstm_are_one_function():
    cells_say("The fraction is the same, whatever $m_t$ is.")
    rng = np.random.default_rng(0)
    C, n, q = rng.normal(size=(4, 4)), 0.1 * rng.normal(size=4), rng.normal(size=4)
    exact = C @ q / max(abs(n @ q), 1)
    for m in (-1.0, 0.0, 2.0):
        stored = C / np.exp(m), n / np.exp(m)
        assert np.allclose(stored[0] @ q / max(abs(stored[1] @ q), np.exp(-m)), exact)


def test_clockwork_rests_three_quarters_at_every_second_step():
    cells_say("At every second step three quarters of its units stand still, whatever is read.")
    cells_say(r"\text{if the period of unit } j \text{ divides } t - 1")
    h, _ = CELLS["clockwork"](3, 16)(torch.randn(1, 17, 3))
    moved = (h[0, 1:] != h[0, :-1]).float().mean(dim=-1)  # at the steps 2, 3, ... 17
    assert (h[0, 0] != 0).all()
    assert (moved[::2] == 1 / 4).all()
    assert moved[[1, 3, 7]].tolist() == [1 / 2, 3 / 4, 1]


def test_the_first_number_of_s4d_only_decays():
    cells_say("for $n = 0$ a plain decay, and seven vibrations that die out")
    layer = CELLS["s4d"](3, 4)
    assert torch.equal(layer.a_im[:, 0], torch.zeros(4))
    assert torch.allclose(layer.a_im, np.pi * torch.arange(8.0).expand(4, 8))


@pytest.fixture(scope="module")
def data():
    return pronunciation.load()


def test_letters_alone_become_a_table_of_the_most_frequent_tags(data):
    says("Both frameworks learn the same table: for each letter its most frequent tag.")
    singles = shapes.single_letters(data)
    trainer = shapes.trainers("one-to-one", len(data.letters), len(data.tags), rate=1e-2)["pytorch"]
    shapes.learn(trainer, [singles], steps=200, size=1024)
    counts = np.zeros((len(data.letters), len(data.tags)))
    np.add.at(counts, (singles.inputs[:, 0], singles.targets[:, 0]), 1)
    predictions = trainer.predict(np.arange(2, len(data.letters), dtype=np.int32)[:, None])[:, 0]
    often = counts[2:].sum(axis=1) > 0.005 * counts.sum()
    assert (predictions == counts[2:].argmax(axis=1))[often].all()
    says("An *e* is silent in this table, always")
    assert data.tags.symbols[predictions[data.letters.encode("e")[0] - 2]] == "-"


def test_the_net_counts_syllables_better_than_the_eye(data):
    says(
        "counting by eye gets {glue:text}`by_eye:.1f` % right and the net {glue:text}`by_net:.1f` %"
    )
    train, valid = (shapes.syllable_counts(data, part) for part in ("train", "valid"))
    words = shapes.words(data, "valid")
    eye = np.mean([shapes.vowel_groups(w) == shapes.syllables(p) for w, p in words.items()])
    most = 1 + max(int(part.targets.max()) for part in [*train, *valid])
    trainer = shapes.trainers("many-to-one", len(data.letters), most)["pytorch"]
    shapes.learn(trainer, train, steps=800)
    assert shapes.share_right(trainer, valid) > eye + 0.02
    says("each gets some words right that the other does not")
    counted = {w: int(trainer.predict(data.letters.encode(w)[None])[0, 0]) for w in words}
    better = [counted[w] == shapes.syllables(p) != shapes.vowel_groups(w) for w, p in words.items()]
    worse = [counted[w] != shapes.syllables(p) == shapes.vowel_groups(w) for w, p in words.items()]
    assert min(sum(better), sum(worse)) > 0.01 * len(words)


def test_a_bag_of_letters_gives_the_right_sounds_in_the_wrong_order(data):
    says("made of the right sounds in the wrong order", "The vector knew *what* and not *where*.")
    known, asked = shapes.bags(data, "train"), shapes.bags(data, "valid")
    words, symbols = shapes.words(data, "valid"), data.target("phonemes").symbols
    trainer = shapes.trainers("one-to-many", len(data.letters), len(symbols))["pytorch"]
    shapes.learn(trainer, [known], steps=400)
    rows = zip(words, trainer.predict(asked.inputs), strict=True)
    predictions = {word: pronunciation.decode(symbols, row) for word, row in rows}
    per = pronunciation.score(predictions, {word: data.valid[word] for word in words}).per
    shared = sum((Counter(predictions[word]) & Counter(words[word])).total() for word in words)
    shared /= sum(map(len, words.values()))
    assert per > 0.4
    assert shared > 1 - per + 0.15
    says("stops in time")
    lengths = np.array([[len(predictions[word]), len(words[word])] for word in words])
    assert np.abs(lengths[:, 0] - lengths[:, 1]).mean() < 1
