"""The cells without gates."""

from typing import Any

from unrolled.pictures.diagrams.circuits.parts import (
    EXIT,
    LINE,
    Circuit,
    gate,
    held,
    line,
    matrix,
    times,
    wire,
)

TANH = 188  # the column of the function on the line
PLACE: dict[str, Any] = {"bottom": 196.0, "entrance": TANH}
UP = (wire("x", "W"), wire("W", ""), wire("", "y", at=(EXIT, LINE)))
NODES = {"U": matrix("U", 112, LINE), "": gate("tanh", TANH, LINE), "W": matrix("W", TANH, 138)}

CIRCUITS = {
    "elman": Circuit(
        flow="The state before the step goes through the matrix U, the input through the matrix W; "
        "tanh of their sum is the new state, which is also the output.",
        change="",
        nodes=NODES,
        wires=(*line("h0", "U", "", "h1"), *UP),
        **PLACE,
    ),
    "jordan": Circuit(
        flow="The output before the step goes through the matrix U, the input through W; tanh of "
        "their sum is the hidden vector h, and tanh of V times h is the new output, which is all "
        "that the next step gets.",
        change="a second map, V with tanh, stands on the loop, for it is the output that is fed "
        "back and not the hidden vector.",
        nodes={
            **NODES,
            "": gate("tanh", TANH, LINE, "hₜ", beside=(28, -24)),
            "V": matrix("V", 240, LINE),
            "out": gate("tanh", 292, LINE),
        },
        wires=(*line("y0", "U", "", "V", "out", "y1"), *UP[:2], wire("out", "y", at=(EXIT, LINE))),
        states={"y": LINE},
        output="yₜ",
        new=("V", "out"),
        **PLACE,
    ),
    "indrnn": Circuit(
        flow="Each number of the state before the step is multiplied by a number u of its own; the "
        "input goes through the matrix W; ReLU of the sum is the new state and the output.",
        change="a product with the vector u, number by number, stands where the matrix U stood, "
        "and ReLU where tanh was.",
        nodes={
            "u": times(112, LINE, "u"),
            "": gate("relu", TANH, LINE),
            "W": matrix("W", TANH, 138),
        },
        wires=(*line("h0", "u", "", "h1"), *UP),
        new=("u", ""),
        **PLACE,
    ),
    "clockwork": Circuit(
        flow="As in the plain RNN, tanh of U times the state plus W times the input is a proposal. "
        "A switch lets it through for the units whose period p divides the number of the step, "
        "counted from 0; the other units keep the state before the step, which reaches the switch "
        "on a line of its own.",
        change="a switch with a clock for each of four modules of units, a line that carries the "
        "old state past the function, and a mask on U, so that a unit is fed by units of its own "
        "period or a slower one.",
        nodes={
            **NODES,
            "U": matrix("U", 112, LINE, "masked", beside=(0, 24)),
            "due": gate("due?", 272, LINE, "t mod p = 0", beside=(0, 26)),
        },
        wires=(
            *line("h0", "U", "", "due", "h1"),
            held("h0", "due", (30, 46), (272, 46)),
            *UP[:2],
            wire("due", "y", at=(EXIT, LINE)),
        ),
        new=("U", "due"),
        **PLACE,
    ),
    "orthogonal": Circuit(
        flow="The state before the step goes through the orthogonal matrix Q, the input through W; "
        "modReLU of their sum is the new state and the output.",
        change="a matrix Q whose transpose is its inverse stands where U stood, and modReLU, which "
        "changes the size of a number and not its sign, where tanh was.",
        nodes={
            "Q": matrix("Q", 112, LINE, "QᵀQ = I", beside=(0, 26)),
            "": gate("modReLU", TANH, LINE, width=78),
            "W": matrix("W", TANH, 138),
        },
        wires=(*line("h0", "Q", "", "h1"), *UP),
        new=("Q", ""),
        **PLACE,
    ),
    "echo-state": Circuit(
        flow="The state before the step goes through the matrix U, the input through the matrix W; "
        "tanh of their sum is the new state and the output.",
        change="nothing in the equation, but U and W are drawn at random, U scaled to spectral "
        "radius 0.9, and are never learnt; only a readout behind the output learns.",
        nodes={
            **NODES,
            "U": matrix("U", 112, LINE, fixed=True),
            "W": matrix("W", TANH, 138, fixed=True),
        },
        wires=(*line("h0", "U", "", "h1"), *UP),
        new=("U", "W"),
        **PLACE,
    ),
}
