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
        model, given = (
            self.model.eval(),
            (torch.from_numpy(inputs), _tensor(lengths)),
        )
        answers: Array = (
            model(*given) if self.answer.is_number else model.read(*given)
        ).numpy()
        return answers

    @torch.no_grad()
    def logits(
        self,
        inputs: Array,
        targets: Array | None = None,
        lengths: Array | None = None,
    ) -> Array:
        model, x, lengths_ = (
            self.model.eval(),
            torch.from_numpy(inputs),
            _tensor(lengths),
        )
        if targets is None:
            return model(x, lengths_).numpy()
        return model.teach(x, torch.from_numpy(targets), lengths_).numpy()

    @torch.no_grad()
    def advance(self, inputs: Array, state: Any = None) -> tuple[Array, Any]:
        logits, state = self.model.eval().advance(
            torch.from_numpy(inputs), state
        )
        return logits.numpy(), state

    def weights(self) -> Arrays:
        return {
            name: p.detach().numpy().copy()
            for name, p in self.model.named_parameters()
        }

    def load_weights(self, arrays: Arrays) -> None:
        self.model.load_state_dict(
            {name: torch.from_numpy(a) for name, a in arrays.items()}
        )


class Trainer(Predictor, trainer.Trainer):
    """A PyTorch model and its optimiser."""

    def __init__(
        self, model: Model, recipe: Recipe, answer: Answer | None = None
    ) -> None:
        super().__init__(model, recipe, answer)
        self.loss = losses.of(self.answer, recipe.label_smoothing)
        self.state: Any = None  # of the rows, after the batch before
        if recipe.optimizer == "sgd":
            self.optimizer: torch.optim.Optimizer = torch.optim.SGD(
                model.parameters()
            )
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
        targets, weights = (
            torch.from_numpy(self._asked(batch.targets)),
            _tensor(batch.weights),
        )
        if batch.continues is not None:
            return self.loss(
                self._carried(inputs, batch.continues), targets, weights
            )
        if not self.recipe.consistency:
            return self.loss(
                self.model.teach(inputs, targets, lengths), targets, weights
            )
        again = self.model.teach(
            *map(_twice, (inputs, targets, lengths))
        )  # (2B, U, K)
        apart = losses.disagreement(again, targets)
        loss = self.loss(again, _twice(targets), _twice(weights))
        return loss + self.recipe.consistency * apart

    def _asked(self, targets: Array) -> Array:
        """Without the steps at the end of which no sequence of the batch has one."""
        if self.answer.kind not in ("sequence", "unaligned"):
            return targets
        return targets[:, : (targets != ABSENT).any(axis=0).sum()]

    def _carried(self, inputs: Tensor, continues: bool) -> Tensor:
        """Truncated backpropagation through time: the state goes on, the gradient does not."""
        logits, state = self.model.advance(
            inputs, self.state if continues else None
        )
        self.state = tuple(
            s.detach() for s in state
        )  # cuts the graph: here the gradient stops
        return logits

    def optimizer_state(self) -> Arrays:
        names = dict(
            enumerate(name for name, _ in self.model.named_parameters())
        )
        return {
            f"{names[index]}/{key}": value.numpy().copy()
            for index, state in self.optimizer.state_dict()["state"].items()
            for key, value in state.items()
        }

    def load_optimizer_state(self, arrays: Arrays) -> None:
        index = {
            name: i for i, (name, _) in enumerate(self.model.named_parameters())
        }
        state: dict[int, dict[str, Tensor]] = {}
        for path, array in arrays.items():
            name, _, key = path.rpartition("/")
            state.setdefault(index[name], {})[key] = torch.from_numpy(array)
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})


def _tensor(array: Array | None) -> Tensor | None:
    return None if array is None else torch.from_numpy(np.asarray(array))


def _twice(tensor: Any) -> Any:
    """The rows behind themselves."""
    return None if tensor is None else torch.cat([tensor, tensor])
