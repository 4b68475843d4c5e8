"""Checkpoints: what is written comes back, and what is broken is refused in one line."""

import json
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save
from unrolled.errors import UserError
from unrolled.training import checkpoints
from unrolled.training.checkpoints import Checkpoint, differing, read, write

ARRAYS = {
    "readout.W": np.arange(6, dtype=np.float32).reshape(2, 3).T,  # not contiguous
    "step": np.array(7, np.int64),  # no axis
    "none": np.zeros((0, 3)),
    "E": np.array([[0.1, -np.inf], [np.nan, 1e-300]]),
}
FACTS = {"model": "Tagger", "letters": ["a", "é", "語"], "history": {"losses": [0.1, 1e-17]}}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def test_what_is_written_comes_back(path):
    write(path, Checkpoint(ARRAYS, FACTS))
    arrays, facts = read(path)
    assert facts == FACTS
    assert arrays.keys() == ARRAYS.keys()
    for name, a in ARRAYS.items():
        assert arrays[name].dtype == a.dtype
        assert arrays[name].shape == a.shape
        assert np.array_equal(arrays[name], a, equal_nan=a.dtype.kind == "f")


@settings(deadline=None, max_examples=25)
@given(cut=st.floats(0, 1, exclude_max=True))
def test_a_checkpoint_that_is_cut_off_is_refused(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("cut") / "model.safetensors"
    write(path, Checkpoint(ARRAYS, FACTS))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(cut * len(whole))])
    with pytest.raises(UserError) as error:
        read(path)
    assert "cut off or not a checkpoint" in str(error.value)
    assert "delete it and train again" in str(error.value)
    assert "\n" not in str(error.value)
    assert path.name in str(error.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x04K\x01.",  # a pickle
        b"not a checkpoint at all",
        save({"W": np.zeros(2)}),
        save({"W": np.zeros(2)}, {"format": "pt"}),
        save({"W": np.zeros(2)}, {"format": checkpoints.FORMAT}),
        save({"W": np.zeros(2)}, {"format": checkpoints.FORMAT, "facts": "{"}),
        save({"W": np.zeros(2)}, {"format": checkpoints.FORMAT, "facts": "[1]"}),
    ],
)
def test_what_is_no_checkpoint_is_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(UserError, match="not a checkpoint") as error:
        read(path)
    assert "\n" not in str(error.value)


def test_a_missing_checkpoint_is_named(path):
    with pytest.raises(UserError, match=r"model\.safetensors: no such checkpoint; train one with"):
        read(path)
    with pytest.raises(UserError, match="no such checkpoint"):
        read(path.parent)


def test_a_checkpoint_that_may_not_be_read_is_one_line(path, monkeypatch):
    with pytest.raises(UserError, match=r"a+: (File name too long|no such)") as error:
        read(path.with_name("a" * 5000))
    assert "\n" not in str(error.value)

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "is_file", refuse)
    with pytest.raises(UserError, match=r"cannot read .*model\.safetensors: Permission denied"):
        read(path)


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("problem", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_crash_while_writing_leaves_the_old_file(path, monkeypatch, call, problem):
    write(path, Checkpoint({"W": np.zeros(3)}, {"epoch": 1}))
    before = path.read_bytes()

    def crash(*_):
        raise problem

    with monkeypatch.context() as patch:
        patch.setattr(os, call, crash)
        with pytest.raises((UserError, KeyboardInterrupt)):
            write(path, Checkpoint({"W": np.ones(3)}, {"epoch": 2}))
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_the_differences_of_two_runs_are_named_by_their_paths():
    kept = {"recipe": {"epochs": 3, "seed": 0}, "letters": ["a"], "history": {}, "old": 1}
    wanted = {"recipe": {"epochs": 4, "seed": 0}, "letters": ("a",), "new": None, "history": 5}
    assert differing(kept, wanted) == ["old", "recipe.epochs"]
    assert differing(json.loads(json.dumps(wanted)), wanted) == []
    assert differing({"recipe": {}}, {"recipe": 1}) == ["recipe"]
