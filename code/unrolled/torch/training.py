"""A model in use, and one optimiser step, in PyTorch."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from unrolled.tasks.task import ABSENT, Answer, Array, Batch
from unrolled.torch import losses
from unrolled.torch.model import Model
from unrolled.training import trainer
from unrolled.training.checkpoints import Arrays
from unrolled.training.recipe import Recipe


class Predictor(trainer.Predictor):
    """A PyTorch model in use."""

    framework = "pytorch"
    model: Model

    @torch.no_grad()
    def predict(self, inputs: Array, lengths: Array | None = None) -> Array:
        model, x = self.model.eval(), torch.from_numpy(inputs)
        read = model if self.answer.is_number else model.read
        answers: Array = read(x, _tensor(lengths)).numpy()
        return answers

    @torch.no_grad()
    def logits(
        self,
        inputs: Array,
        targets: Array | None = None,
        lengths: Array | None = None,
    ) -> Array:
        model, x = self.model.eval(), torch.from_numpy(inputs)
        if targets is None:
            return model(x, _tensor(lengths)).numpy()
        y = torch.from_numpy(targets)
        return model.teach(x, y, _tensor(lengths)).numpy()

    @torch.no_grad()
    def advance(self, inputs: Array, state: Any = None) -> tuple[Array, Any]:
        model, x = self.model.eval(), torch.from_numpy(inputs)
        logits, state = model.advance(x, state)
        return logits.numpy(), state

    def weights(self) -> Arrays:
        parameters = self.model.named_parameters()
        return {name: p.detach().numpy().copy() for name, p in parameters}

    def load_weights(self, arrays: Arrays) -> None:
        tensors = {name: torch.from_numpy(a) for name, a in arrays.items()}
        self.model.load_state_dict(tensors)


class Trainer(Predictor, trainer.Trainer):
    """A PyTorch model and its optimiser."""

    def __init__(
        self, model: Model, recipe: Recipe, answer: Answer | None = None
    ) -> None:
        super().__init__(model, recipe, answer)
        self.loss = losses.of(self.answer, recipe.label_smoothing)
        self.state: Any = None  # of the rows, after the batch before
        self.optimizer: torch.optim.Optimizer
        if recipe.optimizer == "sgd":
            self.optimizer = torch.optim.SGD(model.parameters())
        else:
            self.optimizer = torch.optim.AdamW(
                model.parameters(),
                eps=recipe.epsilon,
                weight_decay=recipe.weight_decay,
                fused=True,
            )

    def reseed(self, seed: int) -> None:
        torch.manual_seed(seed)

    def train_step(self, batch: Batch, learning_rate: float) -> float:
        self.model.train()
        self.optimizer.param_groups[0]["lr"] = learning_rate
        self.optimizer.zero_grad()
        loss = self._loss(batch)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip_norm)
        self.optimizer.step()
        return loss.item()

    def _loss(self, batch: Batch) -> Tensor:
        inputs, lengths = torch.from_numpy(batch.inputs), _tensor(batch.lengths)
        targets = torch.from_numpy(self._trimmed(batch.targets))
        weights = _tensor(batch.weights)
        if batch.continues is not None:
            logits = self._carried(inputs, batch.continues)
            return self.loss(logits, targets, weights)
        if not self.recipe.consistency:
            logits = self.model.teach(inputs, targets, lengths)
            return self.loss(logits, targets, weights)
        twice = map(_twice, (inputs, targets, lengths))
        logits = self.model.teach(*twice)  # (2B, U, K)
        disagreement = losses.disagreement(logits, targets)
        loss = self.loss(logits, _twice(targets), _twice(weights))
        return loss + self.recipe.consistency * disagreement

    def _trimmed(self, targets: Array) -> Array:
        """Leaves out the last steps, where no sequence has a target left."""
        if self.answer.kind not in ("sequence", "unaligned"):
            return targets
        return targets[:, : (targets != ABSENT).any(axis=0).sum()]

    def _carried(self, inputs: Tensor, continues: bool) -> Tensor:
        """Truncated backpropagation: carries the state, cuts the gradient."""
        before = self.state if continues else None
        logits, state = self.model.advance(inputs, before)
        # Cuts the graph: here the gradient stops.
        self.state = tuple(s.detach() for s in state)
        return logits

    def optimizer_state(self) -> Arrays:
        names = [name for name, _ in self.model.named_parameters()]
        states = self.optimizer.state_dict()["state"]
        return {
            f"{names[index]}/{key}": value.numpy().copy()
            for index, state in states.items()
            for key, value in state.items()
        }

    def load_optimizer_state(self, arrays: Arrays) -> None:
        names = [name for name, _ in self.model.named_parameters()]
        index = {name: i for i, name in enumerate(names)}
        state: dict[int, dict[str, Tensor]] = {}
        for path, array in arrays.items():
            name, _, key = path.rpartition("/")
            state.setdefault(index[name], {})[key] = torch.from_numpy(array)
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})


def _tensor(array: Array | None) -> Tensor | None:
    return None if array is None else torch.from_numpy(np.asarray(array))


def _twice(tensor: Any) -> Any:
    """All rows, then the same rows again."""
    return None if tensor is None else torch.cat([tensor, tensor])
