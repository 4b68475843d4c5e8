"""Every cell as part of the tagger: the frameworks agree, and padding does no harm."""

import numpy as np
import pytest
import small_taggers
import unrolled.keras.training as keras_training
import unrolled.torch.training as torch_training
from cli_runs import write_words
from three_frameworks import NAMES
from unrolled import cli, models
from unrolled.models import parity
from unrolled.tasks.task import Batch
from unrolled.training import Recipe

RATE = 0.125  # exact in single precision
with_cells = pytest.mark.parametrize("cell", NAMES)


def both(name, cell, **arguments):
    """The same tagger in PyTorch and in Keras, in float64, as the first one draws its weights."""
    small = {"embedding_size": 4, "hidden_size": 5, **arguments}
    spec = models.spec(name, cell=cell, **small)
    pair = tuple(small_taggers.build(framework, spec) for framework in small_taggers.FRAMEWORKS)
    parity.carry(*pair)
    return pair


@with_cells
def test_logits_and_gradients_agree_in_both_directions(cell):
    pair = both("bidirectional", cell)
    parity.check(*pair, *small_taggers.batch(T=6), tolerance=1e-10)


@with_cells
def test_training_steps_agree(cell, monkeypatch):
    monkeypatch.setattr(keras_training, "LONGEST_COMPILED", 0)
    pair = both("basic", cell)
    start = parity.parameters(pair[0])
    recipe = Recipe(optimizer="sgd", clip_norm=0.1)
    one = torch_training.Trainer(pair[0], recipe)
    other = keras_training.Trainer(pair[1], recipe)
    for seed in range(4):
        for trainer in (one, other):
            trainer.train_step(Batch(*small_taggers.batch(T=4, seed=seed)), RATE)
    mine, theirs = parity.parameters(pair[0]), parity.parameters(pair[1])
    assert max(parity.distance(mine[name], theirs[name]) for name in mine) < 1e-11
    trained = {name for slot in parity.trained_slots(pair[0]) for name in slot.names}
    for name, value in mine.items():
        moved = np.abs(value - start[name]).max()
        assert (moved > 0) == (name in trained), name


@with_cells
def test_padding_changes_nothing_that_is_said_of_a_letter(cell):
    letters, tags = small_taggers.batch(B=3, T=5)
    padded = np.pad(letters, ((0, 0), (0, 4)))
    lengths, absent = np.full(3, 5, np.int32), np.pad(tags, ((0, 0), (0, 4)), constant_values=-1)
    for model in both("bidirectional", cell):
        alone, loss, slopes = small_taggers.measured(model, letters, tags)
        same_logits, same_loss, same_slopes = small_taggers.measured(model, padded, absent, lengths)
        assert parity.distance(alone, same_logits[:, :5]) < 1e-10
        assert loss == pytest.approx(same_loss, rel=1e-10)
        assert all(parity.distance(slopes[name], same_slopes[name]) < 1e-9 for name in slopes)


@pytest.mark.parametrize("framework", small_taggers.FRAMEWORKS)
def test_a_cell_is_trained_by_its_name(framework, tmp_path, monkeypatch):
    monkeypatch.setenv("UNROLLED_CACHE", str(tmp_path / "cache"))
    words, checkpoint = write_words(tmp_path / "words.tsv"), tmp_path / "model.safetensors"
    arguments = ["--model", "bidirectional", "--cell", "mingru", "--framework", framework]
    arguments += ["--train", str(words), "--hidden-size", "8", "--out", str(checkpoint)]
    assert cli.main(["train", *arguments]) == 0
    assert cli.main(["pronounce", "gabi", "--checkpoint", str(checkpoint)]) == 0


def test_a_decoder_refuses_a_cell_whose_state_is_not_what_it_says(capsys):
    assert cli.main(["train", "--model", "encoder-decoder", "--cell", "s4d"]) == 2
    assert "cell of the encoder-decoder model is s4d; it must be elman, lstm or gru" in (
        capsys.readouterr().err
    )
