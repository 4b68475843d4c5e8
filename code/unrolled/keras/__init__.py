"""The models in Keras 3 on its TensorFlow backend."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _silenced() -> Iterator[None]:
    """Drops the notes TensorFlow prints on loading: no setting stops them."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with _silenced():
    import keras as _keras

if _keras.backend.backend() != "tensorflow":
    raise ImportError(
        f"Keras runs on {_keras.backend.backend()} here; "
        "set KERAS_BACKEND=tensorflow before it is imported"
    )
