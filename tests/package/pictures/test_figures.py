import re
import xml.etree.ElementTree as ET

import pytest
from figure_parts import texts, widths
from unrolled.pictures import diagrams, plots
from unrolled.pictures.figures import BLUE, GREEN, GREY, ORANGE, PURPLE, Figure


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", [BLUE, ORANGE, GREEN, PURPLE, GREY])
@pytest.mark.parametrize("ground", ["#ffffff", "#14181e"])
def test_colours_stand_out_on_both_themes(colour, ground):
    assert contrast(colour, ground) >= 3


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_figure_needs_words():
    with pytest.raises(ValueError, match="alternative text"):
        Figure("<svg ></svg>", " ")


def test_figure_needs_an_svg():
    with pytest.raises(ValueError, match="svg"):
        Figure("<img>", "a picture")


def test_figure_escapes_its_words():
    html = Figure("<svg ></svg>", 'says "a < b"')._repr_html_()
    assert 'aria-label="says &quot;a &lt; b&quot;"' in html


def test_alignment_draws_each_letter_and_tag_once():
    figure = diagrams.alignment("box", ["B", "AA", "K S"], "phonemes")
    assert texts(figure) == ["letters", "phonemes", "b", "B", "o", "AA", "x", "K S"]
    assert "x stands for K S" in figure.alt


def test_alignment_marks_a_silent_letter():
    figure = diagrams.alignment("hate", ["HH", "EY", "T", "-"])
    assert texts(figure)[-1] == diagrams.DASH
    assert figure.svg.count("stroke-dasharray") == 1
    assert "e is silent" in figure.alt


def test_unrolled_tagger_has_a_cell_a_step_and_one_folded():
    drawn = texts(diagrams.unrolled_tagger("hate", ["HH", "EY", "T", "-"]))
    assert drawn.count("cell") == 5
    assert drawn.count("U") == 4  # the loop, and between the four steps


def test_unrolled_tagger_leaves_unread_letters_without_a_cell():
    figure = diagrams.unrolled_tagger("hate", ["HH", "EY", "T", "-"], known=2)
    assert texts(figure).count("cell") == 3
    assert "EY" in texts(figure)
    assert "T" not in texts(figure)
    assert "t, e, are still unread" in figure.alt


def test_diagrams_share_no_ids():
    words = (("hat", ["HH", "AE", "T"]), ("cat", ["K", "AE", "T"]))
    figures = [diagrams.unrolled_tagger(word, tags) for word, tags in words]
    ids = [name for figure in figures for name in re.findall(r'id="([^"]*)"', figure.svg)]
    assert len(ids) == len(set(ids))
    for figure in figures:
        used = set(re.findall(r"url\(#([^)]*)\)", figure.svg))
        assert used <= set(re.findall(r'id="([^"]*)"', figure.svg))


@pytest.fixture
def curves() -> Figure:
    return plots.loss_curves({"pytorch": [3.0, 2.0, 1.5, 1.2], "keras": [3.0, 2.0, 1.4, 1.3]})


def test_plots_follow_the_theme(curves):
    assert "#010203" not in curves.svg
    assert "currentColor" in curves.svg
    assert "DejaVu" not in curves.svg


def test_plots_keep_to_themselves(curves):
    assert "<style" not in curves.svg
    assert 'id="figure_1"' not in curves.svg
    other = plots.compared({"a": 0.5, "b": 0.25}, "word error rate")
    ids = [name for figure in (curves, other) for name in re.findall(r'id="([^"]*)"', figure.svg)]
    assert len(ids) == len(set(ids))


def test_plots_are_whole_svg(curves):
    root = ET.fromstring(curves.svg)
    assert root.get("viewBox")
    assert "max-width:max(100%,544px)" in (root.get("style") or "")  # 0.8 of its 680 pixels


def test_plots_are_the_same_each_time():
    rates = {"a": 0.5, "b": 0.25}
    assert plots.compared(rates, "rate").svg == plots.compared(rates, "rate").svg


def test_compared_tells_each_rate():
    figure = plots.compared({"first": 0.5, "second": 0.251}, "word error rate")
    assert "first 50.0%, second 25.1%" in figure.alt
    assert {"50.0%", "25.1%"} <= {text.strip() for text in texts(figure)}


def test_hidden_states_count_the_columns_that_agree():
    states = {"hat": [[0.0], [1.0], [0.5]], "hate": [[0.0], [1.0], [0.5], [0.1]]}
    assert "The first 3 columns of hat and of hate are the same." in plots.hidden_states(states).alt
    states = {"hat": [[0.0]] * 3, "chat": [[1.0]] * 4}
    assert "the same" not in plots.hidden_states(states).alt


def test_tag_probabilities_order_the_tags():
    guesses = {"hat": {"AE": 0.2, "EY": 0.7, "-": 0.1}, "hate": {"AE": 0.3, "EY": 0.1, "-": 0.6}}
    figure = plots.tag_probabilities(guesses, "the letter a", top=2)
    assert "hat: EY 0.70, - 0.10" in figure.alt


def test_conv_tagger_leaves_unread_what_the_filter_does_not_reach():
    tags = ["HH", "EY", "T", "AH", "D"]
    figure = diagrams.conv_tagger("hated", tags, kernel_size=5, at=1)
    assert "the letters h a t e are known and d not" in figure.alt
    assert figure.svg.count("stroke-dasharray") == 1
    assert texts(figure).count("conv") == texts(figure).count("cell") == 2
    assert len(widths(figure, GREEN)) == 4  # what the filter at the a sees
    assert len(widths(figure, GREY)) == 3
    whole = diagrams.conv_tagger("hated", tags, kernel_size=7, at=1)
    assert whole.alt.endswith("the letters h a t e d are known.")


def test_attention_tagger_looks_by_weight():
    figure = diagrams.attention_tagger("hate", ["HH", "EY", "T", "-"], [0.1, 0.3, 0.1, 0.5], at=1)
    drawn = widths(figure, PURPLE)
    assert len(drawn) == 4
    assert drawn.index(max(drawn)) == 3
    assert "h 10%, a 30%, t 10%, e 50%" in figure.alt
    assert "EY" in texts(figure)
    assert "HH" not in texts(figure)


def test_encoder_decoder_says_what_it_was_told_one_step_later():
    fixed = diagrams.encoder_decoder("hate", ["HH", "EY", "T"], None)
    assert texts(fixed).count("read") == texts(fixed).count("say") == 4
    assert [text for text in texts(fixed) if text in ("end", "HH", "EY", "T")] == [
        *("end", "HH", "HH", "EY", "EY", "T", "T", "end")
    ]
    assert "context" not in texts(fixed)
    looking = diagrams.encoder_decoder("hate", ["HH", "EY", "T"], [0.1, 0.5, 0.1, 0.3], at=1)
    assert len(widths(looking, PURPLE)) == 4
    assert "The step that says EY looks back at the letters: h 10%, a 50%" in looking.alt
