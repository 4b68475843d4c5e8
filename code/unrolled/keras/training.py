"""One optimiser step in Keras, compiled by TensorFlow."""

from functools import cache
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from numpy.typing import NDArray

from unrolled import training
from unrolled.checkpoints import Arrays
from unrolled.training import Recipe

Array = NDArray[Any]
LONGEST_COMPILED = (
    64  # longer words are read step by step: unrolling them would take longer than reading them
)


def cross_entropy(logits: tf.Tensor, tags: tf.Tensor) -> tf.Tensor:
    """Mean over all letters of -log softmax(logits)[tag]. Shape: (B, T, K), (B, T) -> ()."""
    return ops.mean(keras.losses.sparse_categorical_crossentropy(tags, logits, from_logits=True))


def logits(model: keras.Model, letters: Array) -> Array:
    """What the model says. Shape: letters (B, T); logits (B, T, K)."""
    return np.asarray(model(letters))


class Adam(keras.optimizers.Adam):
    """Adam with epsilon where the paper's Algorithm 1 and PyTorch have it (Kingma and Ba 2015).

    theta = theta - rate * m_hat / (sqrt(v_hat) + epsilon),  v_hat = v / (1 - beta_2^step)

    Keras adds its epsilon to sqrt(v) instead, before the bias is corrected: over 30 times more of it in the first step.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        step = ops.cast(self.iterations + 1, variable.dtype)
        epsilon = self.epsilon
        self.epsilon = epsilon * ops.sqrt(
            1 - ops.power(ops.cast(self.beta_2, variable.dtype), step)
        )
        super().update_step(gradient, variable, learning_rate)
        self.epsilon = epsilon


class Trainer(training.Trainer):
    """A Keras model and its optimiser.

    Args:
        model: letters (B, T) -> logits (B, T, K).
        recipe: how to train.
        jit_compile: let XLA compile the step. It makes the LSTM faster and costs seconds for each length of word.
    """

    framework = "keras"
    model: keras.Model

    def __init__(self, model: keras.Model, recipe: Recipe, jit_compile: bool = False) -> None:
        super().__init__(model, recipe)
        self.optimizer = (
            keras.optimizers.SGD(global_clipnorm=recipe.clip_norm)
            if recipe.optimizer == "sgd"
            else Adam(epsilon=recipe.epsilon, global_clipnorm=recipe.clip_norm)
        )
        self.optimizer.build(model.trainable_variables)
        self.jit_compile = jit_compile
        self._compiled = cache(self._compile)

    def train_step(self, letters: Array, tags: Array, learning_rate: float) -> float:
        self.optimizer.learning_rate = learning_rate
        step = self._compiled(self._train_step, 2, letters.shape[1])
        return float(step(tf.constant(letters), tf.constant(tags)))

    def _train_step(self, letters: tf.Tensor, tags: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = cross_entropy(self.model(letters, training=True), tags)
        gradients = tape.gradient(loss, self.model.trainable_variables)
        self.optimizer.apply(gradients, self.model.trainable_variables)
        return loss

    def predict(self, letters: Array) -> Array:
        compiled = letters.shape[1] <= LONGEST_COMPILED
        predict = self._compiled(self._predict, 1, letters.shape[1]) if compiled else self._predict
        return np.asarray(predict(tf.constant(letters)))

    def _predict(self, letters: tf.Tensor) -> tf.Tensor:
        return ops.argmax(self.model(letters, training=False), axis=-1)

    def _compile(self, function: Any, arguments: int, length: int) -> Any:
        """A graph for words of one length, whose loop over time is unrolled, and for any number of them."""
        signature = [tf.TensorSpec((None, length), tf.int32)] * arguments
        compiled = tf.function(function, input_signature=signature, jit_compile=self.jit_compile)
        return compiled.get_concrete_function()

    def weights(self) -> Arrays:
        return {_name(v): np.array(v) for v in self.model.trainable_variables}

    def load_weights(self, arrays: Arrays) -> None:
        for v in self.model.trainable_variables:
            v.assign(arrays[_name(v)])

    def optimizer_state(self) -> Arrays:
        return {str(i): np.array(v) for i, v in enumerate(self.optimizer.variables)}

    def load_optimizer_state(self, arrays: Arrays) -> None:
        for i, v in enumerate(self.optimizer.variables):
            v.assign(arrays[str(i)])


def _name(variable: Any) -> str:
    """layer/weight, without the model's own name, which Keras numbers anew for each model of a process."""
    return variable.path.partition("/")[2]
