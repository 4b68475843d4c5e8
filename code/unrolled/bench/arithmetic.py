"""The matrix products that training a model takes, and how fast this machine multiplies.

An affine map of B T rows costs three products in training: forward, and the gradients for its
input and for its matrix. Each takes 2 * rows * inputs * outputs operations. For a recurrent layer
with G gates and a readout that is, per batch,

    3 * 2 B T (D H G + H H G)  +  3 * 2 B T H K

Biases, activations, the embedding and the optimiser are left out.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

Multiply = Callable[[], None]
Multiplication = Callable[..., Any]  # torch.mm, or torch.bmm


class Product(NamedTuple):
    """An affine map in training: `steps` times a (rows, inputs) by an (inputs, outputs) matrix.

    The steps are sequential, as for U h_prev. Only the gradient for the matrix can wait for the
    last step and is one product over all. In attention each word has its own matrices: `batch`
    such products run at once.
    """

    rows: int
    inputs: int
    outputs: int
    steps: int = 1
    batch: int = 1

    @property
    def flops(self) -> int:
        """Multiplications and additions, forward and backward."""
        return 3 * 2 * self.batch * self.steps * self.rows * self.inputs * self.outputs

    def shapes(self) -> list[tuple[int, int, int]]:
        """Every product as (m, k, n), for an (m, k) by a (k, n) matrix, `batch` times each."""
        forward = [(self.rows, self.inputs, self.outputs)] * self.steps
        by_input = [(self.rows, self.outputs, self.inputs)] * self.steps
        return [*forward, *by_input, (self.inputs, self.steps * self.rows, self.outputs)]


def recurrent(B: int, T: int, D: int, H: int, gates: int) -> list[Product]:
    """A recurrent layer: W x_t for all steps at once, U h_prev step by step."""
    return [Product(B * T, D, gates * H), Product(B, H, gates * H, steps=T)]


def linear(B: int, T: int, inputs: int, outputs: int) -> list[Product]:
    """An affine map of every step, such as the readout."""
    return [Product(B * T, inputs, outputs)]


def multiply(products: Sequence[Product]) -> Multiply:
    """A function that runs these products in single precision on matrices made beforehand."""
    made: dict[tuple[int, ...], tuple[Multiplication, Tensor, Tensor, Tensor]] = {}
    order = [(p.batch, *shape) for p in products for shape in p.shapes()]
    for batch, m, k, n in order:
        many = (batch,) if batch > 1 else ()
        matrices = torch.rand(*many, m, k), torch.rand(*many, k, n), torch.empty(*many, m, n)
        made.setdefault((batch, m, k, n), (torch.bmm if many else torch.mm, *matrices))
    work = [made[shape] for shape in order]

    def run() -> None:
        for product, a, b, out in work:
            product(a, b, out=out)

    return run


def square(rows: int) -> Multiply:
    """A function that multiplies two matrices of `rows` by `rows` once: 2 * rows^3 operations."""
    a, b, out = torch.rand(rows, rows), torch.rand(rows, rows), torch.empty(rows, rows)

    def run() -> None:
        torch.mm(a, b, out=out)

    return run
