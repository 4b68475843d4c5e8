"""One optimiser step in PyTorch."""

from typing import Any

import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from unrolled import training
from unrolled.torch.model import Model
from unrolled.training import ABSENT, Recipe
from unrolled.training.checkpoints import Arrays

Array = NDArray[Any]


def cross_entropy(logits: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
    """Mean of -sum_k q_k log softmax(logits)_k over all targets that are not `ABSENT`.

    q is 1 - smoothing at the target, plus smoothing / K everywhere (Szegedy and others 2016).

    Shape: (B, U, K), (B, U) -> ().
    """
    return F.cross_entropy(
        logits.flatten(0, 1),
        targets.flatten().long(),
        ignore_index=ABSENT,
        label_smoothing=smoothing,
    )


def disagreement(logits: Tensor, targets: Tensor) -> Tensor:
    """How far two readings of the same words are apart: KL divergence, mean of both ways.

    D = mean of sum_k (p_k - q_k) (log p_k - log q_k) / 2 over all targets that are not `ABSENT`,
    where p is of the first half of the batch and q of the second (Liang and others 2021).

    Shape: (2B, U, K), (B, U) -> ().
    """
    p, q = logits.log_softmax(dim=-1).chunk(2)
    apart = ((p.exp() - q.exp()) * (p - q)).sum(dim=-1) / 2  # (B, U)
    return apart[targets != ABSENT].mean()


@torch.no_grad()
def logits(model: Model, letters: Array, targets: Array | None = None) -> Array:
    """What the model says, by itself or told the targets before each one.

    Shape: letters (B, T); targets (B, U); logits (B, U, K).
    """
    model.eval()
    x = torch.from_numpy(letters)
    said = model(x) if targets is None else model.teach(x, torch.from_numpy(targets))
    found: Array = said.numpy()
    return found


class Trainer(training.Trainer):
    """A PyTorch model and its optimiser.

    Args:
        model: one of `unrolled.torch.taggers`.
        recipe: how to train.
    """

    framework = "pytorch"
    model: Model

    def __init__(self, model: Model, recipe: Recipe) -> None:
        super().__init__(model, recipe)
        if recipe.optimizer == "sgd":
            self.optimizer: torch.optim.Optimizer = torch.optim.SGD(model.parameters())
        else:
            self.optimizer = torch.optim.AdamW(
                model.parameters(),
                eps=recipe.epsilon,
                weight_decay=recipe.weight_decay,
                fused=True,
            )

    def reseed(self, seed: int) -> None:
        torch.manual_seed(seed)

    def train_step(self, letters: Array, targets: Array, learning_rate: float) -> float:
        self.model.train()
        self.optimizer.param_groups[0]["lr"] = learning_rate
        self.optimizer.zero_grad()
        targets_ = torch.from_numpy(targets[:, : (targets != ABSENT).any(axis=0).sum()])
        loss = self._loss(torch.from_numpy(letters), targets_)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip_norm)
        self.optimizer.step()
        return loss.item()

    def _loss(self, letters: Tensor, targets: Tensor) -> Tensor:
        smoothing, consistency = self.recipe.label_smoothing, self.recipe.consistency
        if not consistency:
            return cross_entropy(self.model.teach(letters, targets), targets, smoothing)
        twice = targets.repeat(2, 1)  # (2B, U)
        said = self.model.teach(letters.repeat(2, 1), twice)
        return cross_entropy(said, twice, smoothing) + consistency * disagreement(said, targets)

    @torch.no_grad()
    def predict(self, letters: Array) -> Array:
        return self.model.eval().read(torch.from_numpy(letters)).numpy()

    def weights(self) -> Arrays:
        return {name: p.detach().numpy().copy() for name, p in self.model.named_parameters()}

    def load_weights(self, arrays: Arrays) -> None:
        self.model.load_state_dict({name: torch.from_numpy(a) for name, a in arrays.items()})

    def optimizer_state(self) -> Arrays:
        names = dict(enumerate(name for name, _ in self.model.named_parameters()))
        return {
            f"{names[index]}/{key}": value.numpy().copy()
            for index, state in self.optimizer.state_dict()["state"].items()
            for key, value in state.items()
        }

    def load_optimizer_state(self, arrays: Arrays) -> None:
        index = {name: i for i, (name, _) in enumerate(self.model.named_parameters())}
        state: dict[int, dict[str, Tensor]] = {}
        for path, array in arrays.items():
            name, _, key = path.rpartition("/")
            state.setdefault(index[name], {})[key] = torch.from_numpy(array)
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})
