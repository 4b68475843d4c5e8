"""What each drawn cell must hold, and what it computes: its nodes and wires, real parameters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from unrolled.numpy.cells import Array, Recurrent, sigmoid
from unrolled.pictures.diagrams.circuits import CIRCUITS
from unrolled.pictures.diagrams.circuits.parts import REST, SIGMA, TIMES, Node
from unrolled.pictures.diagrams.circuits.state_space import GAMMA

Rules = Mapping[str, Callable[[dict[str, Array]], Array]]


def gelu(a: Array) -> Array:
    return 0.5 * a * (1 + np.tanh(np.sqrt(2 / np.pi) * (a + 0.044715 * a**3)))


FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    SIGMA: sigmoid,
    "tanh": np.tanh,
    "relu": lambda a: np.maximum(a, 0),
    "exp": np.exp,
    "gelu": gelu,
    "softplus": lambda a: np.logaddexp(0, a),
}


class Drawn:
    """A drawing as a function of one sequence's input and state, vectors without a batch.

    Args:
        name: of the cell.
        cell: the layer in NumPy, whose parameters are used under the names of the nodes.
        constants: what stands beside operators, by node.
        rules: nodes that do something of their own: from their inputs by name to their value.
    """

    def __init__(
        self, name: str, cell: Recurrent, constants: Mapping[str, Array], rules: Rules
    ) -> None:
        self.circuit, self.parameters = CIRCUITS[name], cell.parameters
        self.constants, self.rules = constants, rules

    def __call__(self, **values: Array) -> dict[str, Array]:
        """All values by node, from those of the inputs and of the states before the step."""
        feeds: dict[str, list[str]] = {}
        for source, target in sorted(self.circuit.edges):
            feeds.setdefault(target, []).append(source)
        left = [name for name in self.circuit.all_nodes if name not in values]
        while left:
            ready = [name for name in left if set(feeds[name]) <= values.keys()]
            assert ready, f"nothing reaches {left}"
            for name in ready:
                values[name] = self._value(name, {s: values[s] for s in feeds[name]})
                left.remove(name)
        return values

    def _value(self, name: str, inputs: dict[str, Array]) -> Array:
        node = self.circuit.all_nodes[name]
        if name in self.rules:
            return self.rules[name](inputs)
        if node.kind in ("state", "output"):
            (value,) = inputs.values()
            return value
        if node.kind == "operator":
            return self._operate(node, name, list(inputs.values()))
        if node.kind == "matrix":
            return self._multiply(node, name, inputs)
        suffix = f"_{name}" if name else ""
        total = self.parameters.get(f"b{suffix}", 0.0)
        for source, value in inputs.items():
            matrix = {"x": f"W{suffix}", "h0": f"U{suffix}", "x0": f"V{suffix}"}.get(source)
            total = total + (self.parameters[matrix] @ value if matrix else value)
        return FUNCTIONS[node.label](total)

    def _operate(self, node: Node, name: str, inputs: list[Array]) -> Array:
        if node.label == REST:
            (value,) = inputs
            return 1 - value
        if node.label == "+":
            return np.sum(inputs, axis=0)
        assert node.label == TIMES, f"{name} needs a rule"
        product = self.constants[name] if node.name else np.array(1.0)
        for value in inputs:
            product = product * value
        return product

    def _multiply(self, node: Node, name: str, inputs: dict[str, Array]) -> Array:
        """By the matrix of the node's name, of its label, or of both."""
        ((_, value),) = inputs.items()
        p = self.parameters
        key = next(k for k in (f"{node.label}_{name}", node.label, f"{node.label}_n") if k in p)
        own = f"b{key[1:]}" if node.label == "W" and name != "W" else ""
        return p[key] @ value + p.get(own, 0.0)


@dataclass
class Case:
    """How a drawing's numbers stand for those of the layer.

    Args:
        state: the symbols that the drawing uses for the arrays of the layer's state, in order.
        constants: the numbers beside operators.
        rules: nodes that do something of their own.
        complex_state: the layer's state is the real and the imaginary part of the drawing's.
    """

    state: tuple[str, ...] = ("h",)
    constants: dict[str, Array] = field(default_factory=dict)
    rules: Rules = field(default_factory=dict)
    complex_state: bool = False

    def named(self, state: Sequence[Array]) -> dict[str, Array]:
        """The arrays of a layer's state, by the symbol of the drawing."""
        if self.complex_state:
            state = [state[0] + 1j * state[1]]
        return dict(zip(self.state, state, strict=True))


def jordan(cell, p):
    rules = {"U": lambda v: p["U"] @ v["y0"], "out": lambda v: np.tanh(v["V"] + p["c"])}
    return Case(("y",), rules=rules)


def orthogonal(cell, p):
    def modrelu(inputs):
        a = sum(inputs.values())
        return np.sign(a) * np.maximum(np.abs(a) + p["b"], 0)

    return Case(rules={"Q": lambda v: cell.Q @ v["h0"], "": modrelu})


def highway(cell, p):
    return Case(
        rules={
            "z2": lambda v: sigmoid(p["U_z2"] @ v["add1"] + p["b_z2"]),
            "n2": lambda v: np.tanh(p["U_n2"] @ v["add1"] + p["b_n2"]),
        }
    )


def minlstm(cell, p):
    return Case(
        rules={
            "share": lambda v: np.stack([v["f"], v["i"]]) / (v["f"] + v["i"]),
            "keep": lambda v: v["share"][0] * v["h0"],
            "write": lambda v: v["share"][1] * v["n"],
        }
    )


def stack(cell, p):
    def mix(v):
        s, zero = v["s0"], np.zeros((1, cell.width))
        pushed = np.concatenate([v["push"][None], s[:-1]])
        popped = np.concatenate([s[1:], zero])
        return v["act"][0] * pushed + v["act"][1] * popped + v["act"][2] * s

    return Case(
        ("h", "s"),
        rules={
            "P": lambda v: p["P"] @ v["s0"][0],
            "act": lambda v: cell.actions(v[""]),
            "push": lambda v: sigmoid(p["E"] @ v[""] + p["c_p"]),
            "mix": mix,
        },
    )


def lru(cell, p):
    turn = np.exp(-np.exp(p["nu"]) + 1j * np.exp(p["theta"]))
    rules = {
        "B": lambda v: (p["B_re"] + 1j * p["B_im"]) @ v["x"],
        "C": lambda v: ((p["C_re"] + 1j * p["C_im"]) @ v["add"]).real,
        "out": lambda v: gelu(v["sum"] + p["b"]),
    }
    return Case(("s",), {"λ": turn, GAMMA: p["gamma"]}, rules, complex_state=True)


def s4d(cell, p):
    A, C = -np.exp(p["a_re"]) + 1j * p["a_im"], p["C_re"] + 1j * p["C_im"]
    turn = np.exp(np.exp(p["log_dt"])[:, None] * A)
    rules = {
        "B": lambda v: (turn - 1) / A * v["u"][:, None],
        "C": lambda v: 2 * (C * v["add"]).sum(axis=-1).real,
    }
    return Case(("s",), {"λ": turn, "D": p["D"]}, rules, complex_state=True)


def selective(cell, p):
    rules = {
        "decay": lambda v: np.exp(-v["dt"][:, None] * np.exp(p["A_log"])),
        "in": lambda v: np.outer(v["u"], v["B"]),
        "write": lambda v: v["dt"][:, None] * v["in"],
        "read": lambda v: v["add"] @ v["C"],
    }
    return Case(("s",), {"D": p["D"]}, rules)


def rg_lru(cell, p):
    return Case(
        rules={
            "a": lambda v: np.exp(-8 * np.logaddexp(0, p["Lambda"]) * v["r"]),
            "root": lambda v: np.sqrt(1 - v["a"] ** 2),
        }
    )


@dataclass(frozen=True)
class Drawing:
    """What the drawing of a cell must hold.

    Args:
        functions: each as often as it stands in the equation.
        operators: how many times, plus, one minus, divided by, outer product.
        case: how it is computed, from the layer and its parameters; None: by a test of its own.
    """

    functions: str
    operators: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
    case: Callable[[Recurrent, dict[str, Array]], Case] | None = lambda cell, p: Case()


DRAWINGS = {
    "elman": Drawing("tanh"),
    "jordan": Drawing("tanh tanh", case=jordan),
    "indrnn": Drawing("relu", (1, 0, 0, 0, 0), case=lambda cell, p: Case(constants={"u": p["u"]})),
    "clockwork": Drawing("tanh due?", case=None),
    "orthogonal": Drawing("modReLU", case=orthogonal),
    "echo-state": Drawing("tanh"),
    "lstm": Drawing("s s s tanh tanh", (3, 1, 0, 0, 0), case=lambda cell, p: Case(("h", "c"))),
    "peephole": Drawing(
        "s s s tanh tanh",
        (6, 1, 0, 0, 0),
        case=lambda cell, p: Case(("h", "c"), {f"p_{g}": p[f"p_{g}"] for g in "ifo"}),
    ),
    "coupled": Drawing("s s tanh tanh", (3, 1, 1, 0, 0), case=lambda cell, p: Case(("h", "c"))),
    "gru": Drawing("s s tanh", (3, 1, 1, 0, 0)),
    "gru-before": Drawing("s s tanh", (3, 1, 1, 0, 0)),
    "mgu": Drawing("s tanh", (3, 1, 1, 0, 0)),
    "rhn": Drawing("s s tanh tanh", (4, 2, 2, 0, 0), case=highway),
    "sru": Drawing(
        "s s",
        (6, 2, 2, 0, 0),
        case=lambda cell, p: Case(("c",), {"v_f": p["v_f"], "v_r": p["v_r"]}),
    ),
    "qrnn": Drawing("s s tanh", (3, 1, 1, 0, 0), case=lambda cell, p: Case(("c", "x"))),
    "mingru": Drawing("s", (2, 1, 1, 0, 0)),
    "minlstm": Drawing("s s ÷(f+i)", (2, 1, 0, 0, 0), case=minlstm),
    "lru": Drawing("gelu", (2, 2, 0, 0, 0), case=lru),
    "s4d": Drawing("gelu", (3, 2, 0, 0, 0), case=s4d),
    "selective-ssm": Drawing("softplus exp(ΔA)", (5, 2, 0, 0, 0), case=selective),
    "rg-lru": Drawing("s s exp(-kr) √(1-a²)", (3, 1, 0, 0, 0), case=rg_lru),
    "rwkv": Drawing("s exp", (4, 2, 0, 1, 0), case=None),
    "slstm": Drawing("s exp exp tanh ÷exp(m)", (3, 1, 0, 1, 0), case=None),
    "mlstm": Drawing("s s exp ÷exp(m)", (4, 1, 0, 1, 1), case=None),
    "stack-augmented": Drawing("tanh softmax s pushpopkeep", case=stack),
}
