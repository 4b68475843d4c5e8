"""The one place where the frameworks meet: carry weights across, compare outputs and gradients.

The same functions (`parameters`, `assign`, `logits`, `step`) serve every model, always with the
NumPy reference's names and shapes: `recurrent.W_i` is the input gate's (H, D) matrix in any
framework. A layer within a layer has a dotted name, `recurrent.layers.0.W_i`, the same in both
frameworks. What differs between the frameworks stands in two tables and one class: the name of
a tensor, whether it is transposed, and the order in which gates are stacked.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import singledispatch
from typing import Any, NamedTuple

import unrolled.keras  # noqa: F401  before Keras itself: it silences TensorFlow's start-up messages

# isort: split
import keras
import numpy as np
import tensorflow as tf
import torch

import unrolled.keras.losses as keras_losses
import unrolled.keras.training as keras_training
import unrolled.torch.losses as torch_losses
import unrolled.torch.model as torch_model
import unrolled.torch.training as torch_training
from unrolled.numpy import models as reference
from unrolled.tasks.task import Answer, Array, Batch
from unrolled.training.checkpoints import Arrays

LABELS = Answer("labels", 0)  # the loss is the mean cross-entropy


class ParityError(AssertionError):
    """Two models differ where they should agree."""


# The tensor names of each kind of layer: the reference's short name, then the framework's. A
# recurrent layer brings its own, as `symbols`.
TORCH_NAMES: dict[type, dict[str, str]] = {
    torch.nn.Embedding: {"E": "weight"},
    torch.nn.Linear: {"W": "weight", "b": "bias"},
    torch.nn.Conv1d: {"W": "weight", "b": "bias"},
    torch.nn.LayerNorm: {"g": "weight", "b": "bias"},
}
KERAS_NAMES: dict[type, dict[str, str]] = {
    keras.layers.Embedding: {"E": "embeddings"},
    keras.layers.Dense: {"W": "kernel", "b": "bias"},
    keras.layers.Conv1D: {"W": "kernel", "b": "bias"},
    keras.layers.LayerNormalization: {"g": "gamma", "b": "beta"},
}


@dataclass(frozen=True)
class Slot:
    """One tensor of a framework's layer, and how it maps to the reference.

    Args:
        names: the reference's names for its blocks, one per gate, stacked along the outputs.
        tensor: the framework's own variable.
        transposed: Keras keeps a kernel as (inputs, outputs), the reference and PyTorch as
            (outputs, inputs); likewise for the three axes of a convolution.
        trained: whether it is learnt; if False, it keeps its initial value.
    """

    names: tuple[str, ...]
    tensor: Any
    transposed: bool
    trained: bool = True

    def read(self, value: Array) -> Arrays:
        """Splits an array shaped like the tensor into its blocks."""
        value = value.T if self.transposed else value
        blocks = np.split(value, len(self.names)) if len(self.names) > 1 else [value]
        return dict(zip(self.names, blocks, strict=True))

    def write(self, arrays: Arrays) -> Array:
        """The inverse of `read`."""
        value = np.concatenate([arrays[name] for name in self.names])
        return value.T if self.transposed else value


def _slots(
    layers: Iterable[tuple[str, Any]], table: dict[type, dict[str, str]], transposes: bool
) -> list[Slot]:
    slots = []
    for at, layer in layers:
        for name, symbols in _symbols(at, layer, table).items():
            tensor = getattr(layer, name)
            blocks = tuple(f"{at}.{symbol}".lstrip(".") for symbol in symbols)
            transposed = transposes and name.endswith("kernel")
            trained = bool(getattr(tensor, "requires_grad", getattr(tensor, "trainable", True)))
            slots.append(Slot(blocks, tensor, transposed, trained))
    return slots


def _symbols(at: str, layer: Any, table: dict[type, dict[str, str]]) -> dict[str, tuple[str, ...]]:
    """The symbols that each tensor of a layer holds."""
    if not hasattr(layer, "symbols"):
        names = next(names for kind, names in table.items() if isinstance(layer, kind))
        there = {name: (symbol,) for symbol, name in names.items()}
        return {name: symbol for name, symbol in there.items() if getattr(layer, name) is not None}
    symbols: dict[str, tuple[str, ...]] = layer.symbols
    if unnamed := sorted(_own(layer) - symbols.keys()):
        raise ParityError(f"no symbol names {at}.{unnamed[0]}")
    return symbols


def _own(layer: Any) -> set[str]:
    """The names of a recurrent layer's tensors."""
    if isinstance(layer, torch.nn.Module):
        return {name for name, _ in layer.named_parameters(recurse=False)}
    return {variable.name for variable in layer.weights}


@singledispatch
def slots(model: Any) -> list[Slot]:
    """The tensors of a model or of one layer, each with its names in the reference."""
    raise ParityError(f"{type(model).__name__} is no model of NumPy, PyTorch or Keras")


def _leaves(layer: Any, at: str, table: dict[type, dict[str, str]]) -> Iterator[tuple[str, Any]]:
    """The layers that the table knows, however deep within `layer`, with their dotted names."""
    if isinstance(layer, tuple(table)) or hasattr(layer, "symbols"):
        yield at, layer
        return
    within = list(_children(layer))
    if not within and _owns_weights(layer):
        raise ParityError(f"no table names the weights of {at}, a {type(layer).__name__}")
    for name, child in within:
        yield from _leaves(child, f"{at}.{name}".lstrip("."), table)


def _children(layer: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(layer, torch.nn.Module):
        return layer.named_children()
    return ((child.name, child) for child in layer._flatten_layers(False, recursive=False))


def _owns_weights(layer: Any) -> bool:
    if isinstance(layer, torch.nn.Module):
        return any(True for _ in layer.parameters())
    return bool(layer.trainable_variables)


@slots.register
def _(model: torch.nn.Module) -> list[Slot]:
    return _slots(_leaves(model, "", TORCH_NAMES), TORCH_NAMES, transposes=False)


@slots.register
def _(model: keras.layers.Layer) -> list[Slot]:
    return _slots(_leaves(model, "", KERAS_NAMES), KERAS_NAMES, transposes=True)


@slots.register
def _(model: reference.Model) -> list[Slot]:
    return [Slot((name,), array, transposed=False) for name, array in model.parameters.items()]


def _to_numpy(tensor: Any) -> Array:
    return tensor.detach().numpy() if isinstance(tensor, torch.Tensor) else np.asarray(tensor)


def trained_slots(model: Any) -> list[Slot]:
    """The tensors of a model that are learnt."""
    return [slot for slot in slots(model) if slot.trained]


def _read(slots: Iterable[Slot], values: Iterable[Any]) -> Arrays:
    pairs = zip(slots, values, strict=True)
    return {
        name: np.array(block)
        for slot, value in pairs
        for name, block in slot.read(_to_numpy(value)).items()
    }


def parameters(model: Any) -> Arrays:
    """A copy of every parameter under the reference's names, learnt or not."""
    read = slots(model)
    return _read(read, [slot.tensor for slot in read])


def assign(model: Any, arrays: Arrays) -> None:
    """Puts parameters, by the reference's names, into a model of any framework.

    They take the dtype of the model: only float64 into float32 rounds them.

    Raises:
        ParityError: names or shapes do not match; the model is left unchanged.
    """
    mine = parameters(model)
    if mine.keys() != arrays.keys():
        odd = ", ".join(sorted(mine.keys() ^ arrays.keys()))
        raise ParityError(f"only one of the two models has {odd}")
    for name, value in mine.items():
        if value.shape != arrays[name].shape:
            raise ParityError(
                f"{name} is {arrays[name].shape} in one model and {value.shape} in the other"
            )
    for slot in slots(model):
        value = slot.write(arrays)
        if isinstance(slot.tensor, torch.Tensor):
            slot.tensor.data.copy_(torch.from_numpy(value))
        elif isinstance(slot.tensor, np.ndarray):
            slot.tensor[...] = value
        else:
            slot.tensor.assign(value)


def carry(source: Any, target: Any) -> None:
    """Copies the weights of `source` into `target`, across any of the three frameworks.

    Raises:
        ParityError: the two are not the same model.
    """
    assign(target, parameters(source))


def logits(
    model: Any, inputs: Array, targets: Array | None = None, lengths: Array | None = None
) -> Array:
    """A model's logits, on its own predictions or, given targets, by teacher forcing.

    Shape: inputs (B, T) or (B, T, D); targets (B, U); logits (B, U, K), for a tagger U = T.
    """
    if isinstance(model, reference.Model):
        return model.forward(inputs)
    return _training(model).Predictor(model).logits(inputs, targets, lengths)


def _training(model: Any) -> Any:
    """The training module of a model's framework."""
    if isinstance(model, torch_model.Model):
        return torch_training
    if isinstance(model, keras.Model):
        return keras_training
    raise ParityError(f"{type(model).__name__} is no model of NumPy, PyTorch or Keras")


class Step(NamedTuple):
    """The start of a training step: the loss and its gradient for every learnt parameter."""

    loss: float
    gradients: Arrays


@singledispatch
def step(model: Any, batch: Batch, answer: Answer) -> Step:
    """The loss of a batch and its gradients, by the reference's names; Keras without dropout."""
    raise ParityError(f"{type(model).__name__} is no model of NumPy, PyTorch or Keras")


@step.register
def _(model: torch_model.Model, batch: Batch, answer: Answer) -> Step:
    inputs, targets = torch.from_numpy(batch.inputs), torch.from_numpy(batch.targets)
    lengths, weights = (a if a is None else torch.from_numpy(a) for a in batch[2:4])
    model.train()
    loss = torch_losses.of(answer)(model.teach(inputs, targets, lengths), targets, weights)
    slots = trained_slots(model)
    gradients = torch.autograd.grad(loss, [slot.tensor for slot in slots])
    return Step(loss.item(), _read(slots, gradients))


@step.register
def _(model: keras.Model, batch: Batch, answer: Answer) -> Step:
    inputs, targets, lengths, weights = batch[:4]
    with tf.GradientTape() as tape:
        outputs = model.teach(inputs, targets, lengths, training=False)
        loss = keras_losses.of(answer)(outputs, targets, weights)
    slots = trained_slots(model)
    gradients = tape.gradient(loss, [slot.tensor.value for slot in slots])
    return Step(float(loss), _read(slots, [tf.convert_to_tensor(g) for g in gradients]))


@step.register
def _(model: reference.Model, batch: Batch, answer: Answer) -> Step:
    loss, d_logits = reference.cross_entropy(model.forward(batch.inputs), batch.targets)
    model.backward(d_logits)
    return Step(float(loss), model.gradients)


def gradients(
    model: Any,
    inputs: Array,
    targets: Array,
    lengths: Array | None = None,
    answer: Answer | None = None,
) -> Arrays:
    """The gradient of the loss for every learnt parameter, by the reference's names.

    Args:
        model: of any of the three frameworks.
        inputs: (B, T) or (B, T, D).
        targets: (B, U), or numbers (B, U, M).
        lengths: (B,) items in each row; None: no row is padded.
        answer: determines the loss; None: the mean cross-entropy.
    """
    return step(model, Batch(inputs, targets, lengths), answer or LABELS).gradients


def differences(
    a: Any,
    b: Any,
    inputs: Array,
    targets: Array,
    lengths: Array | None = None,
    answer: Answer | None = None,
) -> dict[str, float]:
    """How far apart two models are on one batch: logits, loss, the gradient of every parameter.

    The distance between two arrays is the largest |p - q| / max(1, |p|) over their entries. The
    models may be of any of the three frameworks; the other arguments are as in `gradients`.
    """
    batch, answer = Batch(inputs, targets, lengths), answer or LABELS
    first, second = step(a, batch, answer), step(b, batch, answer)
    if odd := sorted(first.gradients.keys() ^ second.gradients.keys()):
        raise ParityError(f"only one of the two models has {', '.join(odd)}")
    told = None if answer.is_number else targets
    return {
        "logits": distance(logits(a, inputs, told, lengths), logits(b, inputs, told, lengths)),
        "loss": distance(np.array(first.loss), np.array(second.loss)),
        **{
            f"gradient of {name}": distance(gradient, second.gradients[name])
            for name, gradient in first.gradients.items()
        },
    }


def distance(p: Array, q: Array) -> float:
    """The largest |p - q| / max(1, |p|) over the entries of two arrays."""
    return float(np.max(np.abs(p - q) / np.maximum(1, np.abs(p))))


def check(
    a: Any,
    b: Any,
    inputs: Array,
    targets: Array,
    tolerance: float,
    lengths: Array | None = None,
    answer: Answer | None = None,
) -> None:
    """Checks that two models agree on one batch, by the `differences` between them.

    Raises:
        ParityError: something differs by more than `tolerance`; the message says what.
    """
    distances = differences(a, b, inputs, targets, lengths, answer)
    apart = {name: d for name, d in distances.items() if not d <= tolerance}
    if apart:
        worst = ", ".join(f"{name} by {d:.1e}" for name, d in apart.items())
        raise ParityError(f"more than {tolerance:.0e} apart: {worst}")
