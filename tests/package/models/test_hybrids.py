"""The hybrids of theory/hybrid-architectures: the same in both frameworks."""

import keras
import numpy as np
import pytest
import torch
from unrolled.keras import hybrids as in_keras
from unrolled.keras.training import Trainer as KerasTrainer
from unrolled.models import parity
from unrolled.numpy import lattices
from unrolled.tasks.task import ABSENT, Batch
from unrolled.torch import hybrids as in_torch
from unrolled.torch.training import Trainer as TorchTrainer
from unrolled.training import Recipe

SIZES = {"hidden_size": 8, "embedding_size": 6}
LETTERS = np.random.default_rng(0).integers(2, 9, (3, 5), dtype=np.int32)
TARGETS = np.array([[1, 2, 2, 0], [3, 0, ABSENT, ABSENT], [4, 1, 4, 0]], np.int32)


@pytest.fixture
def readers():
    torch.manual_seed(0)
    first, second = in_torch.CTCReader(9, 5, **SIZES), in_keras.CTCReader(9, 5, **SIZES)
    parity.carry(first, second)
    return first, second


def test_the_conv_lstm_is_that_of_keras():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 3, 5, 4, 2)).astype(np.float32)  # (B, T, height, width, D)
    ours, theirs = in_torch.ConvLSTM(2, 3, 3), in_keras.ConvLSTM(3, 3)
    theirs.build(x.shape)
    kernels = [ours.input.weight, ours.state.weight]
    theirs.set_weights(
        [*(k.detach().numpy().transpose(2, 3, 1, 0) for k in kernels), ours.input.bias.detach()]
    )
    h = ours(torch.from_numpy(x).permute(0, 1, 4, 2, 3)).permute(0, 1, 3, 4, 2)
    assert np.allclose(h.detach().numpy(), theirs(x), atol=1e-6)


def test_a_conv_lstm_over_one_pixel_is_an_lstm():
    conv, plain = in_torch.ConvLSTM(2, 3, 1), torch.nn.LSTM(2, 3, batch_first=True)
    with torch.no_grad():
        plain.weight_ih_l0.copy_(conv.input.weight[:, :, 0, 0])
        plain.weight_hh_l0.copy_(conv.state.weight[:, :, 0, 0])
        plain.bias_ih_l0.copy_(conv.input.bias)
        plain.bias_hh_l0.zero_()
        x = torch.randn(2, 4, 2)
        assert torch.allclose(conv(x[..., None, None])[..., 0, 0], plain(x)[0], atol=1e-6)


def test_the_readers_agree(readers):
    logits = [parity.logits(reader, LETTERS) for reader in readers]
    assert logits[0].shape == (3, 10, 5)
    assert np.allclose(*logits, atol=1e-5)


def test_reading_is_the_collapsed_best_path(readers):
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(4, 10, 5)).astype(np.float32)
    for reader in readers:
        framework = torch if isinstance(reader, torch.nn.Module) else keras.ops
        known = getattr(framework, "from_numpy", getattr(framework, "convert_to_tensor", None))
        method = "forward" if framework is torch else "__call__"
        kind = type("Told", (type(reader),), {method: lambda *_, **__: known(logits)})  # noqa: B023
        reader.__class__ = kind
        readings = np.asarray(reader.read(known(LETTERS)))
        for row, path in zip(readings, logits.argmax(-1), strict=True):
            wanted = lattices.collapse(path.tolist())
            assert tuple(row[: len(wanted)]) == wanted
            assert not row[len(wanted) :].any()


def test_the_loss_adds_up_all_alignments(readers):
    log_p = torch.from_numpy(parity.logits(readers[0], LETTERS)).log_softmax(-1).numpy()
    ours = -np.mean(
        [
            lattices.ctc_total(p, [k for k in row if k > 0])
            for p, row in zip(log_p, TARGETS.tolist(), strict=True)
        ]
    )
    steps = [
        kind(reader, Recipe()).train_step(Batch(LETTERS, TARGETS), 1e-2)
        for kind, reader in zip((TorchTrainer, KerasTrainer), readers, strict=True)
    ]
    assert np.allclose(steps, ours, rtol=1e-5)
    logits = [parity.logits(reader, LETTERS) for reader in readers]
    assert np.allclose(*logits, atol=1e-3)  # after one step, too


def test_it_learns_a_few_words(readers):
    for kind, reader in zip((TorchTrainer, KerasTrainer), readers, strict=True):
        trainer = kind(reader, Recipe())
        for _ in range(120):
            trainer.train_step(Batch(LETTERS, TARGETS), 3e-2)
        predictions = trainer.predict(LETTERS)
        assert predictions[:, :4].tolist() == np.maximum(TARGETS, 0).tolist()
