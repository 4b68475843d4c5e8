"""What every model in PyTorch is."""

from typing import ClassVar

from torch import Tensor, nn

from unrolled.errors import UserError
from unrolled.tasks.task import Kind
from unrolled.torch.cells import State


class Model(nn.Module):
    """What training and use ask of every model.

    A tagger needs nothing but its logits in training and in use. A model that
    sees the right answers in training, or searches for the best one in use,
    says so here.
    """

    answer: ClassVar[Kind] = "labels"  # the kind of answer it gives

    def teach(
        self, inputs: Tensor, targets: Tensor, lengths: Tensor | None = None
    ) -> Tensor:
        """The logits that the loss compares with the targets.

        Shape: inputs (B, T) or (B, T, D); targets (B, U); returns (B, U, K).
        For a tagger U = T.
        """
        return self(inputs, lengths)

    def read(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """The answer. Shape: inputs (B, T) or (B, T, D); returns ids (B, U)."""
        return self(inputs, lengths).argmax(dim=-1)

    def advance(
        self, inputs: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """The logits of rows that continue from a state, and the next state.

        Raises:
            UserError: the model has no state to continue from.
        """
        raise UserError(
            f"a {type(self).__name__} has no state to go on from; "
            "carry none over"
        )
