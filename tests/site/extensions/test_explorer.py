"""The directive that puts the explorer into a page, and the picture that stands in for it."""

import json
import re
from pathlib import Path

import pytest
import small_site
from bs4 import BeautifulSoup
from places import BOOK
from unrolled.experiments import readings, store
from unrolled_book.explorer import directive as explorer
from unrolled_book.explorer import weights as explorer_weights

LIVE = BOOK / "live"
PAGES = """\
Title
=====

.. explorer:: basic-lstm bidirectional-lstm
   :word: hat

   A picture.

   hat
      Look at the *a*.

   zzyzx
      No dictionary has it.

.. explorer:: basic-elman

.. toctree::
   part/page
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A small site: a page with two explorers, and one in a folder with none."""
    source = tmp_path_factory.mktemp("source")
    (source / "part").mkdir()
    (source / "index.rst").write_text(PAGES)
    (source / "part" / "page.rst").write_text(
        "Page\n====\n\n.. explorer:: stacked-lstm\n   :wide:\n"
    )
    (source / "bare.rst").write_text(":orphan:\n\nBare\n====\n\nNo explorer here.\n")
    assert small_site.build(source, extensions=["unrolled_book.explorer.directive"]) == ""
    return source / "out"


def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


def test_the_element_says_models_word_and_what_the_dictionary_says(built):
    first, second = soup(built / "index.html").select("unrolled-explorer")
    assert (first["models"], first["word"]) == ("basic-lstm bidirectional-lstm", "hat")
    assert first["dictionary"] == '{"hat": {"readings": ["HH AE T"], "trained": true}}'
    titles = {"basic-lstm": "Basic LSTM", "bidirectional-lstm": "Bidirectional LSTM"}
    assert json.loads(first["titles"]) == titles
    assert json.loads(first["silent"]) == {"tag": "-", "shown": "\N{EN DASH}", "spoken": "silent"}
    assert [dt.get_text() for dt in first.select("dt")] == ["hat", "zzyzx"]
    assert "A picture." in first.select_one(".explorer-prepared").get_text()
    assert "make serve" in first.select_one(".explorer-note").get_text()
    assert (second["models"], second["word"]) == ("basic-elman", "hate")
    assert first["class"] == ["explorer-of-2"]


def test_a_page_loads_it_once_and_only_where_it_is(built):
    page = soup(built / "index.html")
    assert [s["src"] for s in page.select("script[type=module]")] == ["live/explorer/loader.mjs"]
    sheets = [link["href"] for link in page.select('link[href^="live/"]')]
    assert sheets == ["live/explorer/explorer.css", "live/explorer/figure.css"]
    below = soup(built / "part" / "page.html")
    scripts = [s["src"] for s in below.select("script[type=module]")]
    assert scripts == ["../live/explorer/loader.mjs"]
    assert below.select_one("unrolled-explorer")["class"] == ["explorer-of-1", "explorer-wide"]
    assert not re.search("explorer/|live/", (built / "bare.html").read_text("utf-8"))


def test_a_model_that_is_not_exported_is_named(tmp_path):
    (tmp_path / "index.rst").write_text("T\n=\n\n.. explorer:: basic-lstm grandiose\n")
    output = small_site.build(tmp_path, extensions=["unrolled_book.explorer.directive"])
    assert "index.rst:4: ERROR: no model 'grandiose' is exported; there are basic-elman," in output


def test_models_are_called_by_their_titles():
    titles = [readings.title(name) for name in explorer_weights.MODELS]
    assert titles == [
        "Basic Elman",
        "Basic LSTM",
        "Stacked LSTM",
        "Bidirectional LSTM",
        "Attention LSTM",
    ]


def test_the_picture_says_what_the_model_says():
    model = store.model("bidirectional-lstm")
    p = model.probabilities(model.letters.encode("hate")[None])[0]
    reading = readings.reading("bidirectional-lstm", "hate")
    assert reading.tags == model.tags.decode(p.argmax(axis=-1)) == ["HH", "EY", "T", "-"]
    assert reading.sure == pytest.approx(p.max(axis=-1))
    picture = readings.picture("hate", ["basic-lstm", "bidirectional-lstm"])
    assert (
        f"Bidirectional LSTM: h HH {reading.sure[0]:.0%}, a EY {reading.sure[1]:.0%}" in picture.alt
    )
    assert "e silent" in picture.alt
    assert picture.svg.count(">EY<") == 1


def test_letters_where_models_differ_are_framed():
    same = readings.picture("hat", ["basic-lstm", "stacked-lstm"]).svg
    assert "#d9652b" not in same
    apart = readings.picture("hate", ["basic-lstm", "bidirectional-lstm"]).svg
    assert apart.count("#d9652b") == 2  # the two tags of the a


def test_a_word_without_letters_has_no_picture():
    with pytest.raises(ValueError, match="without letters"):
        readings.picture("", ["basic-lstm"])


@pytest.mark.parametrize("module", sorted(LIVE.rglob("*.mjs")), ids=lambda path: path.name)
def test_no_module_writes_html_or_styles_as_text(module):
    code = module.read_text("utf-8")
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\bstyle=|eval\(", code
    )
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", code)


def test_the_readings_are_those_of_the_dictionary():
    assert explorer.entries(["read", "knight", "zzyzx"]) == {
        "read": {"readings": ["R EH D", "R IY D"], "trained": True},
        "knight": {"readings": ["N AY T"], "trained": False},
    }


def test_the_explorer_and_the_chapter_have_the_same_key_to_the_phonemes():
    chapter = (BOOK / "practice" / "pronunciation.md").read_text("utf-8")
    key = re.search(r"^key = \{(.*?)^\}", chapter, re.DOTALL | re.MULTILINE)[1]
    module = (LIVE / "explorer" / "phonemes.mjs").read_text("utf-8")
    words = dict(re.findall(r'([A-Z]+): "(\w+)"', module))
    assert words == dict(re.findall(r'"([A-Z]+)": "(\w+)"', key))
    assert len(words) == 39


def test_no_probability_is_rounded_up_to_certainty():
    svg = readings.picture("psychology", ["attention-bidirectional-lstm"]).svg
    assert "&gt;99 %" in svg
    assert ">100 %" not in svg
