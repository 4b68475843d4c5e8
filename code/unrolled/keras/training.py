"""One optimiser step in Keras, compiled by TensorFlow."""

from functools import cache
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from numpy.typing import NDArray

from unrolled import training
from unrolled.keras.model import Model
from unrolled.training import ABSENT, Recipe
from unrolled.training.checkpoints import Arrays

Array = NDArray[Any]
LONGEST_COMPILED = 64  # of a longer word, unrolling the loop takes longer than reading it once


def cross_entropy(logits: tf.Tensor, targets: tf.Tensor, smoothing: float = 0.0) -> tf.Tensor:
    """Mean of -sum_k q_k log softmax(logits)_k over all targets that are not `ABSENT`.

    q is 1 - smoothing at the target, plus smoothing / K everywhere (Szegedy and others 2016).

    Shape: (B, U, K), (B, U) -> ().
    """
    counts = ops.cast(targets != ABSENT, logits.dtype)  # (B, U)
    at = ops.maximum(targets, 0)
    loss = keras.losses.sparse_categorical_crossentropy(at, logits, from_logits=True)
    if smoothing:
        spread = -ops.mean(ops.log_softmax(logits), axis=-1)
        loss = (1 - smoothing) * loss + smoothing * spread
    return ops.sum(loss * counts) / ops.sum(counts)


def disagreement(logits: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """How far two readings of the same words are apart: KL divergence, mean of both ways.

    D = mean of sum_k (p_k - q_k) (log p_k - log q_k) / 2 over all targets that are not `ABSENT`,
    where p is of the first half of the batch and q of the second (Liang and others 2021).

    Shape: (2B, U, K), (B, U) -> ().
    """
    counts = ops.cast(targets != ABSENT, logits.dtype)  # (B, U)
    p, q = ops.split(ops.log_softmax(logits), 2)
    apart = ops.sum((ops.exp(p) - ops.exp(q)) * (p - q), axis=-1) / 2  # (B, U)
    return ops.sum(apart * counts) / ops.sum(counts)


def logits(model: Model, letters: Array, targets: Array | None = None) -> Array:
    """What the model says, by itself or told the targets before each one.

    Shape: letters (B, T); targets (B, U); logits (B, U, K).
    """
    if targets is None:
        return np.asarray(model(letters, training=False))
    return np.asarray(model.teach(letters, targets, training=False))


class Adam(keras.optimizers.Adam):
    """Adam with epsilon where Algorithm 1 of the paper and PyTorch have it (Kingma and Ba 2015).

    m = beta_1 m + (1 - beta_1) g,        v = beta_2 v + (1 - beta_2) g^2
    m_hat = m / (1 - beta_1^step),        v_hat = v / (1 - beta_2^step)
    theta = theta - rate * m_hat / (sqrt(v_hat) + epsilon)

    Keras's own Adam adds epsilon to sqrt(v), before the bias is corrected: in the first step that
    is over 30 times as much of it. The corrections are computed in float64, as in PyTorch.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        index = self._get_variable_index(variable)
        m, v = self._momentums[index], self._velocities[index]
        step = ops.cast(self.iterations + 1, "float64")
        correct_1 = ops.cast(1 - ops.power(self.beta_1, step), variable.dtype)
        correct_2 = ops.cast(1 - ops.power(self.beta_2, step), variable.dtype)
        self.assign_add(m, (1 - self.beta_1) * (gradient - m))
        self.assign_add(v, (1 - self.beta_2) * (ops.square(gradient) - v))
        rate = ops.cast(learning_rate, variable.dtype) / correct_1
        self.assign_sub(variable, rate * m / (ops.sqrt(v / correct_2) + self.epsilon))


def clip_by_global_norm(gradients: list[tf.Tensor], clip_norm: float) -> list[tf.Tensor]:
    """Scales gradients whose norm, all taken together, is larger than `clip_norm` down to it.

    g = g * min(1, clip_norm / (norm + 1e-6)), as PyTorch's `clip_grad_norm_` has it.
    """
    gradients = [tf.convert_to_tensor(g) for g in gradients]  # an embedding's come in slices
    norm = tf.linalg.global_norm(gradients)
    scale = ops.minimum(clip_norm / (norm + 1e-6), 1)
    return [g * scale for g in gradients]


class Trainer(training.Trainer):
    """A Keras model and its optimiser.

    Args:
        model: one of `unrolled.keras.taggers`.
        recipe: how to train.
        jit_compile: let XLA compile the step. The LSTM gains a tenth to a third in speed, but each
            length of word and size of batch costs seconds, more than a run of this book gains.
    """

    framework = "keras"
    model: Model

    def __init__(self, model: Model, recipe: Recipe, jit_compile: bool = False) -> None:
        super().__init__(model, recipe)
        self.optimizer = (
            keras.optimizers.SGD()
            if recipe.optimizer == "sgd"
            else Adam(epsilon=recipe.epsilon, weight_decay=recipe.weight_decay or None)
        )
        self.optimizer.build(model.trainable_variables)
        self.jit_compile = jit_compile
        self._compiled = cache(self._compile)

    def reseed(self, seed: int) -> None:
        weights = {id(weight) for weight in self.model.weights}  # some may not be trainable
        states = [v for v in self.model.non_trainable_variables if id(v) not in weights]
        for index, state in enumerate(states):
            state.assign([seed, index])  # of a dropout's random generator

    def train_step(self, letters: Array, targets: Array, learning_rate: float) -> float:
        rate = tf.constant(learning_rate, tf.float32)
        return float(self._run(self._train_step, tf.constant(letters), tf.constant(targets), rate))

    def _train_step(
        self, letters: tf.Tensor, targets: tf.Tensor, learning_rate: tf.Tensor
    ) -> tf.Tensor:
        self.optimizer.learning_rate = learning_rate
        with tf.GradientTape() as tape:
            loss = self._loss(letters, targets)
        gradients = tape.gradient(loss, self.model.trainable_variables)
        gradients = clip_by_global_norm(gradients, self.recipe.clip_norm)
        self.optimizer.apply(gradients, self.model.trainable_variables)
        return loss

    def _loss(self, letters: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        smoothing, consistency = self.recipe.label_smoothing, self.recipe.consistency
        if not consistency:
            return cross_entropy(self.model.teach(letters, targets), targets, smoothing)
        twice = ops.tile(targets, (2, 1))  # (2B, U)
        said = self.model.teach(ops.tile(letters, (2, 1)), twice)
        return cross_entropy(said, twice, smoothing) + consistency * disagreement(said, targets)

    def predict(self, letters: Array) -> Array:
        return np.asarray(self._run(self._predict, tf.constant(letters)))

    def _predict(self, letters: tf.Tensor) -> tf.Tensor:
        return self.model.read(letters)

    def _run(self, function: Any, *given: tf.Tensor) -> tf.Tensor:
        """Calls a method, compiled for the length of the words unless they are very long."""
        lengths = tuple(array.shape[1] for array in given if array.shape.rank)
        short = max(lengths) <= LONGEST_COMPILED
        return (self._compiled(function, lengths) if short else function)(*given)

    def _compile(self, function: Any, lengths: tuple[int, ...]) -> Any:
        """A graph for any number of words of one length, with its loop over time unrolled."""
        signature = [tf.TensorSpec((None, length), tf.int32) for length in lengths]
        if function == self._train_step:
            signature.append(tf.TensorSpec((), tf.float32))
        compiled = tf.function(function, input_signature=signature, jit_compile=self.jit_compile)
        return compiled.get_concrete_function()

    def weights(self) -> Arrays:
        return {_name(v): v.numpy() for v in self.model.weights}

    def load_weights(self, arrays: Arrays) -> None:
        for v in self.model.weights:
            v.assign(arrays[_name(v)])

    def optimizer_state(self) -> Arrays:
        return {str(i): v.numpy() for i, v in enumerate(self.optimizer.variables)}

    def load_optimizer_state(self, arrays: Arrays) -> None:
        for i, v in enumerate(self.optimizer.variables):
            v.assign(arrays[str(i)])


def _name(variable: Any) -> str:
    """layer/weight: the path without the model's name, which Keras numbers in each process."""
    name: str = variable.path.partition("/")[2]
    return name
