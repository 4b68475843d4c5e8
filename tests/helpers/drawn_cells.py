"""Computes what a drawn cell computes: its nodes and wires with the parameters of the real one."""

from collections.abc import Callable, Mapping

import numpy as np
from unrolled.numpy.cells import Array, Recurrent, sigmoid
from unrolled.pictures.diagrams.circuits import CIRCUITS
from unrolled.pictures.diagrams.circuits.parts import REST, SIGMA, TIMES, Node

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
