"""What the tests of the taggers share: each of them, small, in both frameworks and by hand."""

from functools import cache

import numpy as np
import torch
import unrolled.keras.losses as keras_losses
import unrolled.keras.model as keras_model
import unrolled.keras.taggers as keras_models
import unrolled.keras.training as keras_training
import unrolled.torch.losses as torch_losses
import unrolled.torch.model as torch_model
import unrolled.torch.taggers as torch_models
from unrolled import models
from unrolled.cells import FUSED as CELLS
from unrolled.models import parity
from unrolled.numpy.cells import CELLS as NUMPY_CELLS

FRAMEWORKS = ("pytorch", "keras")
MODULES = {"pytorch": torch_models, "keras": keras_models}
V, K = 9, 7
SMALL = {
    "embedding_size": 4,
    "hidden_size": 3,
    "filters": 5,
    "attention_size": 2,
}
# The name of a model, and what is not as it is named.
KINDS = {
    "basic": ("basic", {}),
    **{f"stacked-{n}": ("stacked", {"num_layers": n}) for n in (2, 3, 4)},
    "stacked-4-residual": ("stacked", {"num_layers": 4, "residual": True}),
    "stacked-3-norm": ("stacked", {"num_layers": 3, "layer_norm": True}),
    "stacked-2-residual-norm": (
        "stacked",
        {"num_layers": 2, "residual": True, "layer_norm": True, "embedding_size": 3},
    ),
    "bidirectional": ("bidirectional", {}),
    "stacked-bidirectional": ("stacked-bidirectional", {}),
    "stacked-bidirectional-3-residual-norm": (
        "stacked-bidirectional",
        {"num_layers": 3, "residual": True, "layer_norm": True},
    ),
    **{f"look-ahead-{k}": ("look-ahead", {"delay": k}) for k in range(6)},
    "conv": ("conv", {}),
    "conv-3": ("conv", {"kernel_size": 3}),
    "conv-bidirectional": ("conv-bidirectional", {}),
    "attention": ("attention", {}),
    "attention-bidirectional": ("attention-bidirectional", {}),
    "window": ("window", {}),
}
TAGGERS = [(kind, cell) for kind in KINDS for cell in CELLS if kind != "window" or cell == "elman"]
LSTMS = [(kind, "elman" if kind == "window" else "lstm") for kind in KINDS]


def spec(kind, cell, **changes):
    """A small one; the window net has no cell."""
    name, given = KINDS[kind]
    known = models.NAMED[name].arguments
    small = {key: value for key, value in SMALL.items() if key in known}
    more = {"cell": cell} if "cell" in known else {}
    return models.spec(name, **{**small, **more, **given, **changes})


def build(framework, spec, dtype="float64", sizes=(V, K)):
    extra = {"dtype": dtype} if framework == "keras" else {}
    model = MODULES[framework].MODELS[spec.kind](*sizes, **spec.arguments, **extra)
    return model.to(getattr(torch, dtype)) if framework == "pytorch" else model


@cache
def _built(framework, kind, cell, dtype):
    return build(framework, spec(kind, cell), dtype)


def model(framework, kind, cell, dtype="float64", seed=0):
    """Built once, since Keras takes its time; with weights that the seed draws, no bias zero."""
    built = _built(framework, kind, cell, dtype)
    parity.assign(built, random_weights(built, seed))
    return built


def random_weights(model, seed):
    """The same in both frameworks, which keep the gates of a GRU in another order."""
    rng = np.random.default_rng(seed)
    return {
        name: rng.normal(0, 0.5, a.shape).astype(a.dtype)
        for name, a in sorted(parity.parameters(model).items())
    }


def batch(B=3, T=5, seed=0, sizes=(V, K)):
    rng = np.random.default_rng(seed)
    return tuple(rng.integers(0, n, (B, T)).astype(np.int32) for n in sizes)


def measured(model, letters, targets, lengths=None, training=False):
    """Logits, mean loss, and its gradient by every parameter, of a model of either framework.

    A decoder is given the targets. The gradients have the names of the reference.
    """
    base = torch_model.Model if isinstance(model, torch.nn.Module) else keras_model.Model
    taught = [targets] if type(model).teach is not base.teach else []
    given, slots = (letters, *taught, lengths), parity.trained_slots(model)
    tensors = [slot.tensor for slot in slots]
    if base is torch_model.Model:
        call = model.train(training).teach if taught else model.train(training)
        logits = call(*(None if a is None else torch.from_numpy(a) for a in given))
        loss = torch_losses.cross_entropy(logits, torch.from_numpy(targets))
        gradients = [g.numpy() for g in torch.autograd.grad(loss, tensors)]
        logits, loss = logits.detach().numpy(), loss.item()
    else:
        tf = keras_training.tf
        with tf.GradientTape() as tape:
            logits = (model.teach if taught else model)(*given, training=training)
            loss = keras_losses.cross_entropy(logits, targets)
        slopes = tape.gradient(loss, [tensor.value for tensor in tensors])
        gradients = [np.asarray(tf.convert_to_tensor(g)) for g in slopes]
        logits = np.asarray(logits)
    pairs = zip(slots, gradients, strict=True)
    return logits, float(loss), {n: a for slot, g in pairs for n, a in slot.read(g).items()}


# The taggers by hand, from the cells of the reference and from parameters under its names.


def within(weights, at):
    """The parameters of one layer, by their short names."""
    return {name[len(at) + 1 :]: a for name, a in weights.items() if name.startswith(f"{at}.")}


def affine(weights, at, x):
    own = within(weights, at)
    return x @ own["W"].T + own["b"]


def recurrent(weights, at, cell, x):
    own = within(weights, at)
    hidden_size, input_size = next(a for name, a in own.items() if name[0] == "W").shape
    layer = NUMPY_CELLS[cell](input_size, hidden_size)
    assert layer.parameters.keys() == own.keys()
    layer.parameters.update(own)
    return layer.forward(x)[0]


def stack(weights, cell, x, arguments):
    for index in range(arguments.get("num_layers", 1)):
        at = f"recurrent.layers.{index}"
        if arguments.get("bidirectional"):
            f = recurrent(weights, f"{at}.forward_layer", cell, x)
            b = recurrent(weights, f"{at}.backward_layer", cell, x[:, ::-1])
            h = np.concatenate([f, b[:, ::-1]], axis=-1)
        else:
            h = recurrent(weights, at, cell, x)
        if arguments.get("residual") and h.shape == x.shape:
            h = h + x
        if arguments.get("layer_norm"):
            norm = within(weights, f"recurrent.norms.{index}")
            centred = h - h.mean(axis=-1, keepdims=True)
            h = centred / np.sqrt(h.var(axis=-1, keepdims=True) + 1e-5) * norm["g"] + norm["b"]
        x = h
    return x


def attention(weights, h):
    q, k, v = (affine(weights, f"attention.{name}", h) for name in ("query", "key", "value"))
    scores = np.einsum("bti,bsi->bts", q, k) / np.sqrt(q.shape[-1])
    a = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    return np.einsum("bts,bsi->bti", a, v), a


def convolution(weights, x):
    C, d = (weights[f"convolution.{name}"] for name in ("W", "b"))  # (filters, D, kernel_size)
    reach, T = C.shape[-1] // 2, x.shape[1]
    beyond = np.pad(x, ((0, 0), (reach, reach), (0, 0)))
    u = sum(beyond[:, j : j + T] @ C[:, :, j].T for j in range(C.shape[-1]))
    return np.maximum(u + d, 0)


def by_hand(spec, weights, letters):
    """The logits of a tagger. Shape: (B, T) -> (B, T, K)."""
    E, cell, given = weights["embedding.E"], spec.arguments.get("cell"), spec.arguments
    x = E[letters]
    if spec.kind == "Tagger":
        h = recurrent(weights, "recurrent", cell, x)
    elif spec.kind == "LookAheadTagger":
        delay = given["delay"]
        late = recurrent(weights, "recurrent", cell, E[np.pad(letters, ((0, 0), (0, delay)))])
        h = late[:, delay:]
    elif spec.kind == "ConvTagger":
        h = stack(weights, cell, convolution(weights, x), given)
    elif spec.kind == "WindowTagger":
        reach = given["window"] // 2
        padded = np.pad(letters, ((0, 0), (reach, reach)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, given["window"], axis=1)
        h = np.tanh(affine(weights, "hidden", E[windows].reshape(*letters.shape, -1)))
    else:
        h = stack(weights, cell, x, given)
    if spec.kind == "AttentionTagger":
        h = np.concatenate([h, attention(weights, h)[0]], axis=-1)
    return affine(weights, "readout", h)
