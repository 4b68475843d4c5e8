"""The cell with a memory beside its state."""

from unrolled.pictures.diagrams.circuits.parts import (
    EXIT,
    GATES,
    HIGH,
    LINE,
    LOW,
    Circuit,
    gate,
    held,
    line,
    matrix,
    wire,
)

CIRCUITS = {
    "stack-augmented": Circuit(
        flow="The top of the stack s before the step goes through the matrix P into tanh, beside "
        "U times the state and W times the input. From the new state h, which is the output, a "
        "softmax gives the shares a of push, pop and keep, and a sigmoid the value p to push; the "
        "new stack is the mix of the stack pushed, popped and kept, in these shares.",
        change="a stack with a line of its own, read through P, and two maps from h that say what "
        "is done with it.",
        nodes={
            "U": matrix("U", 112, LINE),
            "": gate("tanh", 188, LINE),
            "W": matrix("W", 196, 264),
            "P": matrix("P", 92, LOW),
            "act": gate("softmax", 240, 150, "a", beside=(-11, 26)),
            "push": gate("σ", 306, 150, "p", beside=(11, 26)),  # noqa: RUF001
            "mix": gate("push pop keep", 266, GATES, width=112),
        },
        wires=(
            *line("h0", "U", "", "h1"),
            held("s0", "mix"),
            held("mix", "s1"),
            held("s0", "P", at=(92, GATES)),
            held("P", "", (92, HIGH), (178, HIGH)),
            wire("x", "W"),
            wire("W", "", (196, 110)),
            wire("", "act", at=(240, LINE)),
            wire("", "push", at=(306, LINE)),
            wire("act", "mix", (240, 190)),
            wire("push", "mix", (306, 190)),
            wire("", "y", at=(EXIT, LINE)),
        ),
        states={"h": LINE, "s": GATES},
        new=("P", "act", "push", "mix"),
        bottom=316,
        entrance=196,
    ),
}
