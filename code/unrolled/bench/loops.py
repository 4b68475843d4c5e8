"""The loops that are measured, for each model of the bench."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unrolled import models
from unrolled.bench import arithmetic
from unrolled.bench.setting import Setting
from unrolled.keras.training import Trainer as KerasTrainer
from unrolled.tasks.pronunciation import Examples
from unrolled.torch.cells import CELLS
from unrolled.torch.training import Trainer as TorchTrainer
from unrolled.training import Array, Recipe, Trainer

Loop = Callable[[], float]  # does the same work each time and returns how many letters that is


class BareTagger(nn.Module):
    """The `Tagger` made of PyTorch's own modules.

    Args:
        V, K: letters and tags.
        cell, embedding_size, hidden_size: as in the `Tagger`.

    Shape:
        letters: (B, T); logits: (B, T, K).
    """

    def __init__(self, V: int, K: int, cell: str, embedding_size: int, hidden_size: int) -> None:
        super().__init__()
        layer = {"elman": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[cell]
        self.embedding = nn.Embedding(V, embedding_size)
        self.recurrent = layer(embedding_size, hidden_size, batch_first=True)
        self.readout = nn.Linear(hidden_size, K)

    def forward(self, letters: Tensor) -> Tensor:
        logits: Tensor = self.readout(self.recurrent(self.embedding(letters))[0])
        return logits


def tagger_products(
    B: int, T: int, K: int, arguments: Mapping[str, Any]
) -> list[arithmetic.Product]:
    """The affine maps of the `Tagger`."""
    D, H = arguments["embedding_size"], arguments["hidden_size"]
    gates = len(CELLS[arguments["cell"]].gates)
    return [*arithmetic.recurrent(B, T, D, H, gates), *arithmetic.dense(B, T, H, K)]


@dataclass(frozen=True)
class Model:
    """What the bench needs to know of a model.

    Args:
        spec: how ours is built, in either framework.
        bare: the same of PyTorch's own modules, called with V, K and the spec's arguments.
        products: its affine maps, called with B, T, K and the spec's arguments.
    """

    spec: models.Spec
    bare: Callable[..., nn.Module]
    products: Callable[[int, int, int, Mapping[str, Any]], list[arithmetic.Product]]


MODELS = {
    cell: Model(models.spec("basic", cell=cell), BareTagger, tagger_products) for cell in CELLS
}


def loops_of(
    model: Model, setting: Setting, examples: Examples, square: int
) -> tuple[dict[str, Loop], float]:
    """Every loop over the examples, ready to run, and the operations that a letter takes."""
    V, K, recipe = setting.num_letters, setting.num_tags, Recipe(batch_size=setting.batch_size)
    sizes = {name: getattr(setting, name) for name in ("embedding_size", "hidden_size")}
    spec = replace(model.spec, arguments={**model.spec.arguments, **sizes})
    batches = list(examples.batches(recipe.batch_size, np.random.default_rng(0)))
    shapes = [letters.shape for letters, _ in batches]
    products = [p for B, T in shapes for p in model.products(B, T, K, spec.arguments)]
    flops = sum(product.flops for product in products) / examples.num_letters
    torch_model, *keras_models = (
        models.build(framework, spec, V, K, seed=0) for framework in ("pytorch", "keras", "keras")
    )
    graph, xla = (
        KerasTrainer(keras_model, recipe, jit_compile=jit_compile)
        for keras_model, jit_compile in zip(keras_models, (False, True), strict=True)
    )
    return {
        "pytorch": training_loop(TorchTrainer(torch_model, recipe), examples),
        "bare": bare_loop(model.bare(V, K, **spec.arguments), recipe, batches),
        "keras": training_loop(graph, examples),
        "keras-xla": training_loop(xla, examples),
        "limit": counted(arithmetic.multiply(products), examples.num_letters),
        "square": counted(arithmetic.square(square), 2 * square**3 / flops),
    }, flops


def training_loop(trainer: Trainer, examples: Examples) -> Loop:
    """An epoch as `training.fit` runs it."""
    recipe, rng = trainer.recipe, np.random.default_rng(0)
    total = sum(1 for _ in examples.batches(recipe.batch_size, rng))

    def run() -> float:
        for step, (letters, tags) in enumerate(examples.batches(recipe.batch_size, rng)):
            trainer.train_step(letters, tags, recipe.rate_at(step, total))
        return examples.num_letters

    return run


def bare_loop(model: nn.Module, recipe: Recipe, batches: Sequence[tuple[Array, Array]]) -> Loop:
    """The same epoch with nothing around it."""
    optimizer = torch.optim.Adam(model.parameters(), lr=recipe.learning_rate)
    made = [(torch.from_numpy(x).long(), torch.from_numpy(y).long()) for x, y in batches]
    size = sum(letters.numel() for letters, _ in made)

    def run() -> float:
        for letters, tags in made:
            bare_step(model, optimizer, letters, tags)
        return size

    return run


def bare_step(
    model: nn.Module, optimizer: torch.optim.Optimizer, letters: Tensor, tags: Tensor
) -> Tensor:
    """One optimiser step; returns the loss before it. Shape: letters and tags (B, T)."""
    optimizer.zero_grad()
    loss = F.cross_entropy(model(letters).flatten(0, 1), tags.flatten())
    loss.backward()
    optimizer.step()
    return loss


def counted(multiply: arithmetic.Multiply, letters: float) -> Loop:
    """Products whose operations would be enough for so many letters."""

    def run() -> float:
        multiply()
        return letters

    return run
