"""What a model costs: seconds in turns, and bytes that are kept for the way back."""

import torch
from torch import nn
from unrolled.studies import costs


def test_actions_take_turns(monkeypatch):
    done, clock = [], iter(range(100))
    monkeypatch.setattr(costs.time, "perf_counter", lambda: float(next(clock)))
    seconds = costs.in_turns({"a": lambda: done.append("a"), "b": lambda: done.append("b")}, 3)
    assert done == ["a", "b"] * 3
    assert {name: taken.tolist() for name, taken in seconds.items()} == {
        "a": [1.0] * 3,
        "b": [1.0] * 3,
    }


class Squared(nn.Module):
    """Squares what it reads, scaled; the way back needs the scaled and the read numbers."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1000))

    def forward(self, x):
        return (self.scale * x).square()


def test_bytes_are_counted_once_and_without_the_weights():
    model = Squared().eval()
    x = torch.ones(3, 1000)
    assert costs.bytes_kept(model, x) == 2 * 3 * 1000 * 4  # float32: x, and scale * x
    assert model.training
    assert costs.bytes_kept(model, torch.ones(6, 1000)) == 2 * 6 * 1000 * 4


def test_nothing_is_kept_where_nothing_is_learnt():
    model = Squared()
    model.scale.requires_grad_(False)
    assert costs.bytes_kept(model, torch.ones(3, 1000)) == 0
