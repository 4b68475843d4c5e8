"""Building a model in a framework. Importing this module imports no framework."""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

import unrolled
from unrolled import packages
from unrolled.errors import UserError
from unrolled.models.specs import Spec

if TYPE_CHECKING:
    from unrolled.tasks.task import Answer, Inputs, Task
    from unrolled.training import Predictor, Recipe, Trainer

# Of each framework: our package with its models, and the packages that it is.
_FRAMEWORKS = {
    "pytorch": ("unrolled.torch", ("torch",)),
    "keras": ("unrolled.keras", ("keras", "tensorflow")),
}


def versions(framework: str) -> dict[str, str]:
    """The version of each library that affects how a model trains.

    Raises:
        UserError: the framework is not installed.
    """
    _, names = _FRAMEWORKS[framework]
    return {"unrolled": unrolled.__version__, **packages.versions("numpy", *names)}


def threads(framework: str) -> int:
    """The number of threads that one operation of a framework may use."""
    if framework == "pytorch":
        return int(import_module("torch").get_num_threads())
    threading = import_module("tensorflow").config.threading
    return int(threading.get_intra_op_parallelism_threads() or os.cpu_count() or 1)


def module(framework: str, name: str) -> Any:
    """Our module of the given name for a framework, such as "training"."""
    return import_module(f"{_FRAMEWORKS[framework][0]}.{name}")


def build(
    framework: str,
    spec: Spec,
    input_size: int,
    output_size: int,
    seed: int,
    inputs: "Inputs" = "ids",
) -> Any:
    """A new model, its weights drawn from the seed.

    Args:
        framework: "pytorch" or "keras".
        spec: the model to build.
        input_size: the number of ids, or of features in a vector.
        output_size: K, the number of outputs at each step.
        seed: for the weights.
        inputs: what the model reads, "ids" or "vectors".

    Raises:
        UserError: the framework is not installed, or has no such model.
    """
    versions(framework)
    kinds = module(framework, "taggers").MODELS
    if spec.kind not in kinds:
        raise UserError(f"there is no model {spec.kind}; there are {', '.join(kinds)}")
    if framework == "pytorch":
        import_module("torch").manual_seed(seed)
    else:
        import_module("keras").utils.set_random_seed(seed)
    reads = {"inputs": inputs} if inputs != "ids" else {}
    return kinds[spec.kind](input_size, output_size, **spec.arguments, **reads)


def build_for(framework: str, spec: Spec, task: "Task", seed: int) -> Any:
    """A new model with the input and output sizes of a task, as in `build`."""
    return build(framework, spec, task.input_size, task.answer.size, seed, task.inputs)


def predictor(framework: str, model: Any, answer: "Answer | None" = None) -> "Predictor":
    """The framework's predictor for a model."""
    return module(framework, "training").Predictor(model, answer)


def trainer(
    framework: str, model: Any, recipe: "Recipe", answer: "Answer | None" = None
) -> "Trainer":
    """The framework's trainer for a model."""
    return module(framework, "training").Trainer(model, recipe, answer)
