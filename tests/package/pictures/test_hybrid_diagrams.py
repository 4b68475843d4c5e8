"""The diagrams of theory/hybrid-architectures: what is drawn, and what their words say."""

import re

import pytest
from figure_parts import texts, widths
from unrolled.pictures import diagrams
from unrolled.pictures.figures import GREEN, GREY, ORANGE, PURPLE

DASH = diagrams.DASH
ALL = {
    "seats": diagrams.hybrid_seats(),
    "image": diagrams.image_reader("hat"),
    "conv": diagrams.conv_lstm(),
    "moments": diagrams.attention_moments(),
    "vector": diagrams.one_vector("shy", ["SH", "AY"]),
    "heads": diagrams.heads("hat", [[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]], at=1),
    "memory": diagrams.memory_network(),
    "mixes": diagrams.layer_mixes({"a": "RRA", "b": "RA"}),
    "ctc": diagrams.ctc_lattice("at", 4, [1, 1, 2, 3]),
    "transducer": diagrams.transducer_lattice(["K", "S"], 3, "blbl"),
    "chain": diagrams.tag_chain("hat", ["HH", "AE", "T"], [0, 1, 2]),
}


@pytest.mark.parametrize("name", ALL)
def test_each_fits_a_phone_without_small_letters(name):
    figure = ALL[name]
    width = float(re.search(r'width="([\d.]+)"', figure.svg).group(1))
    sizes = [float(size) for size in re.findall(r'font-size="([\d.]+)"', figure.svg)]
    assert min(sizes) * min(1, 390 / width) >= 11
    assert len(figure.alt) > 80


def test_the_seats_are_five():
    drawn = texts(ALL["seats"])
    assert {"1 before", "2 after", "3 inside", "4 around", "5 instead"} <= set(drawn)
    assert drawn.count("3") == 3  # inside each cell
    for number, seat in enumerate(("before", "after", "inside", "around", "instead"), 1):
        assert f"{number} {seat}" in ALL["seats"].alt


def test_the_image_reader_merges_its_frames():
    drawn = texts(ALL["image"])
    assert drawn.count(DASH) == 3
    assert drawn.count("a") == drawn.count("t") == 3  # two frames and the answer
    assert f"h h {DASH} a a {DASH} t t {DASH}" in ALL["image"].alt


def test_the_conv_lstm_marks_nine_pixels_on_each_side():
    assert ALL["conv"].svg.count(f'fill="{GREEN}"') == 9
    assert ALL["conv"].svg.count(f'fill="{ORANGE}"') >= 9
    assert "three by three" in ALL["conv"].alt


def test_the_moments_tell_before_from_after():
    drawn = texts(ALL["moments"])
    assert drawn.count("compare") == drawn.count("cell") == 2
    assert drawn.count("zᵤ") == drawn.count("zᵤ₋₁") == 2
    assert drawn.count("tanh [s, g]") == 1
    assert "before the step" in ALL["moments"].alt


def test_one_vector_passes():
    drawn = texts(ALL["vector"])
    assert drawn.count("m") == 1
    assert drawn.count("read") == drawn.count("say") == 3
    assert [word for word in drawn if word in ("SH", "AY", "end")] == [
        *("end", "SH", "SH", "AY", "AY", "end")
    ]
    assert "says SH, AY, end" in ALL["vector"].alt


def test_heads_look_by_weight():
    for colour, heaviest in ((PURPLE, 1), (GREEN, 2)):
        drawn = widths(ALL["heads"], colour)
        assert len(drawn) == 3
        assert drawn.index(max(drawn)) == heaviest
    assert "head 2 h 10%, a 10%, t 80%" in ALL["heads"].alt


def test_the_memory_has_one_row_read_and_one_written():
    assert ALL["memory"].svg.count(f'fill="{PURPLE}"') == 4
    assert "memory M, N by A" in texts(ALL["memory"])


def test_the_mixes_count_their_layers():
    assert texts(ALL["mixes"]).count("recurrent") == 3
    assert "a 2 recurrent and 1 attention; b 1 recurrent and 1 attention" in ALL["mixes"].alt


@pytest.mark.parametrize(("labels", "jumps"), [("at", 1), ("aa", 0)])
def test_ctc_jumps_over_a_blank_between_different_labels_only(labels, jumps):
    figure = diagrams.ctc_lattice(labels, 4, [1, 1, 2, 3])
    stay, on = 5 * 3, 4 * 3
    assert len(widths(figure, GREY)) == stay + on + jumps * 3
    assert f"Drawn is {labels[0]} {labels[0]} {DASH} {labels[1]}" in figure.alt


def test_the_transducer_takes_each_frame_once():
    figure = ALL["transducer"]
    assert texts(figure).count(DASH) == 3
    assert "blank label blank label blank" in figure.alt
    assert len(widths(figure, GREY)) == 3 * 2 + 2 * 3


def test_the_chain_draws_all_pairs_and_the_best_path():
    assert len(widths(ALL["chain"], GREY)) == 2 * 9 - 2
    assert len(widths(ALL["chain"], ORANGE)) >= 2
    assert "h HH, a AE, t T" in ALL["chain"].alt
