"""The plots: what they draw, and what their words tell."""

import numpy as np
from figure_parts import texts
from unrolled.pictures import plots
from unrolled.pictures.figures import BLUE, ORANGE


def test_letter_uncertainty_puts_the_hardest_letter_first() -> None:
    figure = plots.letter_uncertainty({"v": 0.1, "a": 2.5, "t": 1.0}, {"v": 1, "a": 7, "t": 3}, "a")
    assert figure.alt.index("a 2.5 bits and 7 tags") < figure.alt.index("t 1.0 bits and 3 tags")
    drawn = texts(figure)
    assert [text for text in drawn if text in ("a", "t", "v")] == ["a", "t", "v"]
    assert [text for text in drawn if text in ("7", "3")] == ["7", "3"]


def test_letter_uncertainty_marks_letters_by_colour() -> None:
    bits, tags = {"v": 0.1, "a": 2.5, "t": 1.0}, {"v": 1, "a": 7, "t": 3}
    svg = plots.letter_uncertainty(bits, tags, marked="a").svg
    assert (svg.count(ORANGE), svg.count(BLUE)) == (1, 2)
    assert ORANGE not in plots.letter_uncertainty(bits, tags).svg


def test_window_errors_tells_every_rate_and_names_every_line() -> None:
    rates = {"by family": {1: 0.97, 3: 0.6734}, "by word": {1: 0.96, 3: 0.663}}
    figure = plots.window_errors(rates)
    assert "by family: 1 letters 97.0%, 3 letters 67.3%; by word: 1 letters 96.0%" in figure.alt
    drawn = texts(figure)
    assert {"by family", "by word", "letters in the window", "word error rate"} <= set(drawn)
    assert [text for text in drawn if text in ("1", "3")] == ["1", "3"]


def test_against_tells_means_and_draws_every_run() -> None:
    series = {"convolution": {1: [58.0, 57.0], 2: [47.0]}, "delay": {1: [57.5], 2: [47.5, 48.5]}}
    figure = plots.against(series, "letters ahead", "word error rate", {"both": 42.0})
    assert "convolution: 1 57.5 %, 2 47.0 %; delay: 1 57.5 %, 2 48.0 %" in figure.alt
    assert figure.alt.endswith("both: 42.0 %.")
    drawn = texts(figure)
    assert {"convolution", "delay", "both", "letters ahead", "word error rate, %"} <= set(drawn)
    assert [text for text in drawn if text in ("1", "2")] == ["1", "2"]


def test_looks_tells_where_each_step_looks_most() -> None:
    weights = [[0.8, 0.1, 0.1], [0.1, 0.2, 0.7], [0.2, 0.3, 0.5]]
    figure = plots.looks({"axe": (["AE", "K S", "-"], weights)})
    assert "axe: AE at a (80%), K S at e (70%), silent at e (50%)." in figure.alt
    drawn = texts(figure)
    assert [text for text in drawn if text in ("a", "x", "e")] == ["a", "x", "e"]
    assert [text for text in drawn if text in ("AE", "K S", "silent")] == ["AE", "K S", "silent"]


def test_runs_tells_the_range_of_each_framework() -> None:
    rates = {"one": {"pytorch": [40.0, 41.5], "keras": [40.5]}, "two": {"pytorch": [39.0]}}
    figure = plots.runs(rates, "word error rate", {"one": (39.5, 42.0)})
    assert "one PyTorch 40.0 to 41.5 %, Keras 40.5 to 40.5 %; two PyTorch 39.0 to 39.0 %" in (
        figure.alt
    )
    assert {"one", "two", "PyTorch", "Keras"} <= set(texts(figure))


def test_seen_marks_what_lies_ahead() -> None:
    visible = np.array([[True, True], [False, True]])
    figure = plots.seen({"a model": ("at", visible)})
    assert "a from a t, t from t" in figure.alt
    assert ORANGE in figure.svg
    assert ORANGE not in plots.seen({"a model": ("at", visible.T)}).svg


def test_by_layer_tells_the_ends() -> None:
    figure = plots.by_layer({"plain": [1e-4, 0.1], "residual": [0.2, 0.15]}, "norm")
    assert "plain: 1.0e-04 in the first layer and 1.0e-01 in the last" in figure.alt
    assert {"plain", "residual", "norm"} <= set(texts(figure))


def test_change_tells_both_rates_of_every_row() -> None:
    figure = plots.change({"a": (50, 10), "b": (20, 20)}, ("one", "both"), "letters wrong")
    assert "a 50 % and 10 %; b 20 % and 20 %" in figure.alt
    assert {"a", "b", "one", "both", "letters wrong"} <= set(texts(figure))
    assert figure.svg.count(BLUE) >= 2
