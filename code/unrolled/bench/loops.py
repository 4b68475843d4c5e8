"""The loops to measure for each model of the bench."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unrolled import models
from unrolled.bench import arithmetic, bare, products
from unrolled.bench.setting import Setting
from unrolled.keras.training import Trainer as KerasTrainer
from unrolled.tasks.pronunciation import Examples
from unrolled.tasks.task import ABSENT, Array, Batch
from unrolled.torch.training import Trainer as TorchTrainer
from unrolled.training import Recipe, Trainer

Loop = Callable[[], float]  # does the same work each time and returns its number of letters


@dataclass(frozen=True)
class Model:
    """What the bench needs to know about a model.

    Args:
        spec: how our model is built, in either framework.
        bare: the same from PyTorch's own modules, called with V, K and the spec's arguments.
        products: its affine maps, called with B, T, U, K and the spec's arguments.
    """

    spec: models.Spec
    bare: Callable[[int, int, Mapping[str, Any]], nn.Module]
    products: products.Products


# The basic tagger is listed by its cells.
SPECS = {
    **{cell: models.spec("basic", cell=cell) for cell in models.FUSED},
    **{name: spec for name, spec in models.NAMED.items() if name != "basic"},
}
MODELS = {
    name: Model(spec, bare.KINDS[spec.kind], products.KINDS[spec.kind])
    for name, spec in SPECS.items()
}


def loops_of(
    model: Model, setting: Setting, examples: Examples, square: int
) -> tuple[dict[str, Loop], float]:
    """Every loop over the examples, ready to run, and the number of operations per letter."""
    V, K = setting.num_letters, setting.output_size(model.spec.answer)
    recipe = Recipe(batch_size=setting.batch_size)
    sizes = {name: getattr(setting, name) for name in ("embedding_size", "hidden_size")}
    spec = replace(model.spec, arguments={**model.spec.arguments, **sizes})
    batches = list(examples.batches(recipe.batch_size, np.random.default_rng(0)))
    shapes = [(len(letters), letters.shape[1], targets.shape[1]) for letters, targets in batches]
    needed = [p for B, T, U in shapes for p in model.products(B, T, U, K, spec.arguments)]
    flops = sum(product.flops for product in needed) / examples.num_letters
    torch_model, *keras_models = (
        models.build(framework, spec, V, K, seed=0) for framework in ("pytorch", "keras", "keras")
    )
    graph, xla = (
        KerasTrainer(keras_model, recipe, jit_compile=jit_compile)
        for keras_model, jit_compile in zip(keras_models, (False, True), strict=True)
    )
    return {
        "pytorch": training_loop(TorchTrainer(torch_model, recipe), examples),
        "bare": bare_loop(model.bare(V, K, spec.arguments), recipe, batches),
        "keras": training_loop(graph, examples),
        "keras-xla": training_loop(xla, examples),
        "limit": counted(arithmetic.multiply(needed), examples.num_letters),
        "square": counted(arithmetic.square(square), 2 * square**3 / flops),
    }, flops


def training_loop(trainer: Trainer, examples: Examples) -> Loop:
    """An epoch as `training.fit` runs it."""
    recipe, rng = trainer.recipe, np.random.default_rng(0)
    total = sum(1 for _ in examples.batches(recipe.batch_size, rng))

    def run() -> float:
        for step, batch in enumerate(examples.batches(recipe.batch_size, rng)):
            trainer.train_step(Batch(*batch), recipe.rate_at(step, total))
        return examples.num_letters

    return run


def bare_loop(model: nn.Module, recipe: Recipe, batches: Sequence[tuple[Array, Array]]) -> Loop:
    """The same epoch with nothing around it."""
    optimizer = torch.optim.Adam(model.parameters(), lr=recipe.learning_rate)
    made = [(torch.from_numpy(x).long(), torch.from_numpy(y).long()) for x, y in batches]
    size = sum(letters.numel() for letters, _ in made)

    def run() -> float:
        for letters, targets in made:
            bare_step(model, optimizer, letters, targets)
        return size

    return run


def bare_step(
    model: nn.Module, optimizer: torch.optim.Optimizer, letters: Tensor, targets: Tensor
) -> Tensor:
    """One optimiser step; returns the loss before it. Shape: letters (B, T); targets (B, U)."""
    optimizer.zero_grad()
    logits = model(letters, targets).flatten(0, 1)
    loss = F.cross_entropy(logits, targets.flatten(), ignore_index=ABSENT)
    loss.backward()
    optimizer.step()
    return loss


def counted(multiply: arithmetic.Multiply, letters: float) -> Loop:
    """A loop of products with as many operations as `letters` letters take."""

    def run() -> float:
        multiply()
        return letters

    return run
