"""How a model is built in a framework. Importing this imports none."""

import os
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from unrolled.errors import UserError
from unrolled.models.specs import Spec

if TYPE_CHECKING:
    from unrolled.training import Array, Recipe, Trainer

# Of each framework: our package with its models, our extra that installs it, what that installs.
_FRAMEWORKS = {
    "pytorch": ("unrolled.torch", "torch", ("torch",)),
    "keras": ("unrolled.keras", "keras", ("keras", "tensorflow")),
}


def versions(framework: str) -> dict[str, str]:
    """The version of each library that decides how a model trains.

    Raises:
        UserError: the framework is not installed.
    """
    _, extra, distributions = _FRAMEWORKS[framework]
    try:
        return {name: version(name) for name in ("unrolled", "numpy", *distributions)}
    except PackageNotFoundError as error:
        raise UserError(
            f'{error.name} is not installed; run `pip install "unrolled[{extra}]"`'
        ) from None


def threads(framework: str) -> int:
    """How many threads one operation of a framework may use."""
    if framework == "pytorch":
        return int(import_module("torch").get_num_threads())
    threading = import_module("tensorflow").config.threading
    return int(threading.get_intra_op_parallelism_threads() or os.cpu_count() or 1)


def build(framework: str, spec: Spec, num_letters: int, num_symbols: int, seed: int) -> Any:
    """A model with the weights that the seed draws.

    Raises:
        UserError: the framework is not installed, or has no such model.
    """
    versions(framework)
    kinds = import_module(f"{_FRAMEWORKS[framework][0]}.taggers").MODELS
    if spec.kind not in kinds:
        raise UserError(f"there is no model {spec.kind}; there are {', '.join(kinds)}")
    if framework == "pytorch":
        import_module("torch").manual_seed(seed)
    else:
        import_module("keras").utils.set_random_seed(seed)
    return kinds[spec.kind](num_letters, num_symbols, **spec.arguments)


def logits(framework: str, model: Any, letters: "Array") -> "Array":
    """What a model says. Shape: letters (B, T); logits (B, T, K)."""
    module = import_module(f"{_FRAMEWORKS[framework][0]}.training")
    return module.logits(model, letters)


def trainer(framework: str, model: Any, recipe: "Recipe") -> "Trainer":
    """The framework's trainer of a model."""
    module = import_module(f"{_FRAMEWORKS[framework][0]}.training")
    return module.Trainer(model, recipe)
