"""The front page: its claims against the recorded runs, its picture, its path through the book."""

import re
import tomllib
from functools import partial
from pathlib import Path

import claims
import pytest
import site_checks
import yaml
from bs4 import BeautifulSoup
from packaging.specifiers import SpecifierSet
from places import BOOK, ROOT
from unrolled.experiments import readings, statistics, store, suite
from unrolled.pictures import plots

PAGE = (BOOK / "index.md").read_text(encoding="utf-8")
says = partial(claims.says, "index")
CARD = re.compile(
    r"^:::\{grid-item-card\} \{doc\}`([^`]+)`\n([^\n·]+) · \{reading-time\}`([^`]+)`\n\n(.+?)\n:::",
    re.MULTILINE | re.DOTALL,
)
CARDS = CARD.findall(PAGE)


def names(group: str) -> list[str]:
    """The recorded models that the page draws in a group."""
    (block,) = re.findall(rf'"{group}": \{{(.*?)\}}', PAGE, re.DOTALL)
    return re.findall(r': "([\w-]+)"', block)


SO_FAR, AHEAD, WHOLE = (
    names(f"sees {what}")
    for what in ("the letters so far", "a few letters ahead", "the whole word")
)


@pytest.fixture(scope="module")
def gains():
    pairs = [("stacked-lstm", "basic-lstm"), ("bidirectional-lstm", "basic-lstm")]
    pairs += [(name, "bidirectional-lstm") for name in WHOLE[1:]]
    return statistics.compare(pairs, "pytorch", "matched").set_index(["model", "against"])


def test_depth_buys_nothing_until_the_future_is_seen(gains):
    says("Depth buys nothing until the network may see what comes next")
    gain = gains.loc["stacked-lstm", "basic-lstm"]
    assert max(abs(gain["low"]), abs(gain["high"])) < 1.5


def test_a_few_letters_ahead_nearly_halve_the_errors_whoever_sees_them():
    says("A few letters ahead nearly halve that, to {glue:text}`ahead:.1f` % at most, whoever")
    says("a window without memory, a convolution, or an LSTM that answers late")
    assert {*AHEAD} == {"window", "conv-lstm", "look-ahead-lstm"}
    pairs = [(name, "basic-lstm") for name in AHEAD]
    gains = statistics.compare(pairs, "pytorch", "matched")
    assert gains["relative"].between(-50, -44).all()
    assert (gains["p, Holm"] < 0.05).all()


def test_both_ways_beat_a_few_letters_and_more_parts_help_on_top(gains):
    says("Reading both ways brings {glue:text}`two:.1f` %. On top of that a second layer and")
    gain = gains.loc["bidirectional-lstm", "basic-lstm"]
    assert gain["relative"] < -50
    assert gain["p, Holm"] < 0.05
    pairs = [("bidirectional-lstm", name) for name in AHEAD]
    assert (statistics.compare(pairs, "pytorch", "matched")["high"] < 0).all()
    for name in WHOLE[1:]:
        assert gains.loc[name, "bidirectional-lstm"]["high"] < 0


def test_attention_is_the_end_of_the_way_down():
    says("help, down to {glue:text}`attention:.1f` %.")
    wer = store.table("matched").query("framework == 'pytorch'").groupby("name")["WER"].mean()
    assert wer.idxmin() == "attention-bidirectional-lstm"


def test_the_groups_see_what_they_are_said_to_see():
    drawn = [*SO_FAR, *AHEAD, *WHOLE]
    assert len({*drawn}) == len(drawn) == 8
    assert all("bidirectional" in name for name in WHOLE)
    assert not [name for name in (*SO_FAR, *AHEAD) if "bidirectional" in name]
    assert set(SO_FAR) == {"basic-lstm", "stacked-lstm"}
    says("Each model has about {glue:text}`parameters:,` parameters and {glue:text}`runs` runs")
    table = store.table("matched").query("framework == 'pytorch'").set_index("name").loc[drawn]
    assert (table["parameters"] / suite.PARAMETERS - 1).abs().max() < 0.012
    assert set(table.groupby("name").size()) == {5}


def test_the_network_that_reads_one_way_cannot_tell_hate_from_hat():
    says("The first of these two networks must say so before it has read the *e*.")
    says("that of *hat*, `AE`, or of *hate*, `EY`?")
    says("{explorer} basic-lstm bidirectional-lstm :word: hate")
    a = {
        (name, word): readings.reading(name, word).tags[1]
        for name in ("basic-lstm", "bidirectional-lstm")
        for word in ("hat", "hate")
    }
    assert a["basic-lstm", "hate"] == a["basic-lstm", "hat"] == "AE"
    assert a["bidirectional-lstm", "hate"] == "EY"


def test_the_picture_says_in_words_what_it_shows():
    groups = {"so far": {"one": (80.0, 79.0, 81.0)}, "whole": {"two": (40.5, 40.0, 41.0)}}
    figure = plots.grouped(groups, "words misread", "what is seen")
    assert "so far: one 80.0 (79.0 to 81.0); whole: two 40.5 (40.0 to 41.0)" in figure.alt
    assert (
        int(re.search(r"max-width:max\(100%,(\d+)px\)", figure.svg)[1]) <= 358
    )  # of a phone's 390
    shown = re.findall(r">([^<>\n]+)</text>", figure.svg)
    assert {"so far", "one", "80.0", "whole", "two", "40.5"} <= set(shown)


def test_the_path_leads_through_every_chapter_in_order():
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))["parts"]
    chapters = [
        chapter["file"].removeprefix("book/")
        for part in parts
        if part["caption"] in ("Theory", "Practice")
        for chapter in part["chapters"]
    ]
    assert [page for page, *_ in CARDS] == chapters
    assert all(page == timed for page, _, timed, _ in CARDS)
    assert PAGE.count("{grid-item-card}") == len(CARDS)


def test_every_question_and_task_of_the_exercise_has_its_chapter():
    labels = [label.split(",")[0] for _, label, *_ in CARDS]
    assert [label for label in labels if label.startswith("Question")] == [
        f"Question {n}" for n in (1, 2, 3, 4)
    ]
    assert list(dict.fromkeys(x for x in labels if x.startswith("Task"))) == [
        f"Task {n}" for n in (1, 2, 3)
    ]
    assert all(question.strip().endswith("?") for *_, question in CARDS)


def card_faults(soup: BeautifulSoup) -> list[str]:
    """Cards that are not one link with a time beside it."""
    faults = []
    for card in soup.select(".front-path .sd-card"):
        links = card.select("a")
        if len(links) != 1 or not links[0].get_text(strip=True):
            faults.append(f"not one link: {site_checks.short(card)}")
        if not re.search(r"· \d+ min\b", card.get_text(" ", strip=True).replace("\n", " ")):
            faults.append(f"no time: {site_checks.short(card)}")
    return faults


def test_a_card_is_one_link_with_its_time(site: Path) -> None:
    soup = site_checks.parse(site / "book" / "index.html")
    assert len(soup.select(".front-path .sd-card")) == len(CARDS)
    assert card_faults(soup) == []


@pytest.mark.parametrize(
    "card",
    [
        "Task 1 · 15 min",
        '<a href="x">A</a> · 5 min <a href="y">B</a>',
        '<a href="x">A</a> Task 1 ·',
    ],
)
def test_a_bad_card_is_found(card: str) -> None:
    html = f'<div class="front-path"><div class="sd-card">{card}</div></div>'
    assert card_faults(BeautifulSoup(html, "html.parser"))


def test_the_page_names_the_pythons_that_the_package_takes():
    takes = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    versions = SpecifierSet(takes["requires-python"])
    assert [n for n in range(30) if f"3.{n}" in versions] == [11, 12, 13]
    says("You need Python 3.11, 3.12 or 3.13, make and git")


def test_the_foot_names_the_licences(site: Path) -> None:
    foot = " ".join(
        site_checks.parse(site / "book" / "index.html")
        .select_one("footer.bd-footer-content")
        .get_text()
        .split()
    )
    assert "2026, the authors of Unrolled" in foot
    assert "Text and figures CC BY 4.0, code MIT." in foot


def test_the_teaser_is_on_the_page(site: Path) -> None:
    soup = site_checks.parse(site / "book" / "index.html")
    (teaser,) = soup.select("unrolled-explorer")
    assert (teaser["models"], teaser["word"]) == ("basic-lstm bidirectional-lstm", "hate")
    assert teaser.select_one("svg")
