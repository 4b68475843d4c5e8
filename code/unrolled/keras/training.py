"""A model in use, and one optimiser step, in Keras, compiled by TensorFlow."""

from functools import cached_property
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from unrolled.keras import losses
from unrolled.keras.cells import State
from unrolled.keras.model import Model
from unrolled.tasks.task import Answer, Array, Batch
from unrolled.training import trainer
from unrolled.training.checkpoints import Arrays
from unrolled.training.recipe import Recipe

# Of a longer row, unrolling the loop takes longer than reading it once.
LONGEST_COMPILED = 64


class Adam(keras.optimizers.Adam):
    """Adam with epsilon where Algorithm 1 of the paper and PyTorch have it.

    m = beta_1 m + (1 - beta_1) g,        v = beta_2 v + (1 - beta_2) g^2
    m_hat = m / (1 - beta_1^step),        v_hat = v / (1 - beta_2^step)
    theta = theta - rate * m_hat / (sqrt(v_hat) + epsilon)

    Keras's own Adam adds epsilon to sqrt(v), before the bias is corrected: in
    the first step it counts over 30 times as much. The corrections are
    computed in float64, as in PyTorch.

    Source: Kingma and Ba 2015.
    """

    def update_step(
        self, gradient: Any, variable: Any, learning_rate: Any
    ) -> None:
        index = self._get_variable_index(variable)
        m, v = self._momentums[index], self._velocities[index]
        step = ops.cast(self.iterations + 1, "float64")
        correct_1 = ops.cast(1 - ops.power(self.beta_1, step), variable.dtype)
        correct_2 = ops.cast(1 - ops.power(self.beta_2, step), variable.dtype)
        self.assign_add(m, (1 - self.beta_1) * (gradient - m))
        self.assign_add(v, (1 - self.beta_2) * (ops.square(gradient) - v))
        rate = ops.cast(learning_rate, variable.dtype) / correct_1
        root = ops.sqrt(v / correct_2)
        self.assign_sub(variable, rate * m / (root + self.epsilon))


def clip_by_global_norm(
    gradients: list[tf.Tensor], clip_norm: float
) -> list[tf.Tensor]:
    """Scales gradients down to a norm of `clip_norm`, all taken together.

    g = g * min(1, clip_norm / (norm + 1e-6)), as in PyTorch's
    `clip_grad_norm_`.
    """
    # An embedding's gradients come in slices.
    gradients = [tf.convert_to_tensor(g) for g in gradients]
    norm = tf.linalg.global_norm(gradients)
    scale = ops.minimum(clip_norm / (norm + 1e-6), 1)
    return [g * scale for g in gradients]


class Predictor(trainer.Predictor):
    """A Keras model in use.

    With `jit_compile`, XLA compiles what is run. The LSTM gains a tenth to a
    third in speed, but each length of row and size of batch costs seconds,
    more than a run of this book gains.
    """

    framework = "keras"
    model: Model
    jit_compile = False

    @cached_property
    def _compiled(self) -> dict[Any, Any]:
        """The graphs so far, by function and by the kinds of its arrays."""
        return {}

    def predict(self, inputs: Array, lengths: Array | None = None) -> Array:
        return np.asarray(self._run(self._predict, inputs, lengths))

    def _predict(
        self, inputs: tf.Tensor, lengths: tf.Tensor | None
    ) -> tf.Tensor:
        read = self.model if self.answer.is_number else self.model.read
        return read(inputs, lengths)

    def logits(
        self,
        inputs: Array,
        targets: Array | None = None,
        lengths: Array | None = None,
    ) -> Array:
        if targets is None:
            return np.asarray(self.model(inputs, lengths, training=False))
        logits = self.model.teach(inputs, targets, lengths, training=False)
        return np.asarray(logits)

    def advance(self, inputs: Array, state: Any = None) -> tuple[Array, Any]:
        logits, state = self._run(self.model.advance, inputs, state)
        return np.asarray(logits), state

    def _run(self, function: Any, *arguments: Any) -> Any:
        """Calls a function, compiled for the length of rows unless too long.

        Args:
            function: takes as many arguments as follow.
            arguments: arrays, None, or tuples of these; the inputs first.
        """
        steps = [
            x.shape[1]
            for x in arguments[:2]
            if len(getattr(x, "shape", ())) > 1
        ]
        if max(steps) > LONGEST_COMPILED:
            return function(*arguments)
        flat = [
            None if x is None else tf.convert_to_tensor(x)
            for x in tf.nest.flatten(arguments)
        ]
        kinds = tuple(
            None if x is None else (x.dtype, *x.shape[1:], x.shape.rank)
            for x in flat
        )
        if (function, kinds) not in self._compiled:
            graph = self._compile(function, arguments, flat)
            self._compiled[function, kinds] = graph
        tensors = [x for x in flat if x is not None]
        return self._compiled[function, kinds](*tensors)

    def _compile(self, function: Any, arguments: Any, flat: list[Any]) -> Any:
        """A graph for any number of rows of one length, the loop unrolled."""

        def call(*tensors: tf.Tensor) -> Any:
            rest = iter(tensors)
            whole = [None if x is None else next(rest) for x in flat]
            return function(*tf.nest.pack_sequence_as(arguments, whole))

        signature = [
            tf.TensorSpec((None, *x.shape[1:]) if x.shape.rank else (), x.dtype)
            for x in flat
            if x is not None
        ]
        compiled = tf.function(
            call, input_signature=signature, jit_compile=self.jit_compile
        )
        return compiled.get_concrete_function()

    def weights(self) -> Arrays:
        return {_name(v): v.numpy() for v in self.model.weights}

    def load_weights(self, arrays: Arrays) -> None:
        for v in self.model.weights:
            v.assign(arrays[_name(v)])


class Trainer(Predictor, trainer.Trainer):
    """A Keras model and its optimiser.

    Args:
        model: one of `unrolled.keras.taggers` or another `Model`.
        recipe: how to train.
        answer: what the model answers; None: what its class says.
        jit_compile: as in `Predictor`.
    """

    def __init__(
        self,
        model: Model,
        recipe: Recipe,
        answer: Answer | None = None,
        jit_compile: bool = False,
    ) -> None:
        super().__init__(model, recipe, answer)
        self.jit_compile = jit_compile
        self.loss = losses.of(self.answer, recipe.label_smoothing)
        self.state: State | None = None  # of the rows, after the batch before
        if recipe.optimizer == "sgd":
            self.optimizer = keras.optimizers.SGD()
        else:
            self.optimizer = Adam(
                epsilon=recipe.epsilon, weight_decay=recipe.weight_decay or None
            )
        self.optimizer.build(model.trainable_variables)

    def reseed(self, seed: int) -> None:
        weights = {id(v) for v in self.model.weights}  # some not trainable
        variables = self.model.non_trainable_variables
        states = [v for v in variables if id(v) not in weights]
        for index, state in enumerate(states):
            state.assign([seed, index])  # of a dropout's random generator

    def train_step(self, batch: Batch, learning_rate: float) -> float:
        rate = np.float32(learning_rate)
        x, targets, lengths, weights, continues = batch
        if continues is None:
            arguments = x, targets, lengths, weights, rate
            return float(self._run(self._train_step, *arguments))
        state = self.state if continues else None
        loss, self.state = self._run(
            self._train_step_carried, x, targets, weights, state, rate
        )
        return float(loss)

    def _train_step(
        self,
        inputs: tf.Tensor,
        targets: tf.Tensor,
        lengths: tf.Tensor | None,
        weights: tf.Tensor | None,
        learning_rate: tf.Tensor,
    ) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = self._loss(inputs, targets, lengths, weights)
        self._descend(tape, loss, learning_rate)
        return loss

    def _train_step_carried(
        self,
        inputs: tf.Tensor,
        targets: tf.Tensor,
        weights: tf.Tensor | None,
        state: State | None,
        learning_rate: tf.Tensor,
    ) -> tuple[tf.Tensor, State]:
        """Truncated backpropagation: carries the state, cuts the gradient."""
        with tf.GradientTape() as tape:  # knows nothing of the state's past
            logits, state = self.model.advance(inputs, state, training=True)
            loss = self.loss(logits, targets, weights)
        self._descend(tape, loss, learning_rate)
        return loss, state

    def _descend(
        self, tape: tf.GradientTape, loss: tf.Tensor, learning_rate: tf.Tensor
    ) -> None:
        self.optimizer.learning_rate = learning_rate
        gradients = tape.gradient(loss, self.model.trainable_variables)
        gradients = clip_by_global_norm(gradients, self.recipe.clip_norm)
        self.optimizer.apply(gradients, self.model.trainable_variables)

    def _loss(
        self,
        inputs: tf.Tensor,
        targets: tf.Tensor,
        lengths: tf.Tensor | None,
        weights: tf.Tensor | None,
    ) -> tf.Tensor:
        if not self.recipe.consistency:
            logits = self.model.teach(inputs, targets, lengths)
            return self.loss(logits, targets, weights)
        twice = map(_twice, (inputs, targets, lengths))
        logits = self.model.teach(*twice)  # (2B, U, K)
        disagreement = losses.disagreement(logits, targets)
        loss = self.loss(logits, _twice(targets), _twice(weights))
        return loss + self.recipe.consistency * disagreement

    def optimizer_state(self) -> Arrays:
        variables = self.optimizer.variables
        return {str(i): v.numpy() for i, v in enumerate(variables)}

    def load_optimizer_state(self, arrays: Arrays) -> None:
        for i, v in enumerate(self.optimizer.variables):
            v.assign(arrays[str(i)])


def _twice(tensor: Any) -> Any:
    """All rows, then the same rows again."""
    return None if tensor is None else ops.concatenate([tensor, tensor])


def _name(variable: Any) -> str:
    """layer/weight: the path without the model's name.

    Keras numbers that name in each process.
    """
    name: str = variable.path.partition("/")[2]
    return name
