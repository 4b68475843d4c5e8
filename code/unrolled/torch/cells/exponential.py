"""Recurrent layers with exponential gates or weights, in PyTorch."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unrolled.torch.cells.base import Recurrent, State
from unrolled.torch.scan import linear_scan

__all__ = ["MLSTM", "RWKV", "SLSTM"]
# Where a running maximum m starts: exp(LOW - m) is 0 for any later m.
LOW = -1e9


def decaying_max(k: Tensor, w: Tensor, m0: Tensor) -> Tensor:
    """m0, then all m_t = max(m_prev - w, k_t), by doubling as in `linear_scan`.

    Shape: k (B, T, H); w (H,); m0 (B, H); returns (B, 1 + T, H).
    """
    m, span = torch.cat([m0[:, None], k], dim=1), 1
    while span < m.shape[1]:
        longer = torch.maximum(m[:, span:], m[:, :-span] - span * w)
        m = torch.cat([m[:, :span], longer], dim=1)
        span *= 2
    return m


class RWKV(Recurrent):
    """A weighted mean of all values so far; weights fade by exp(-w) a step.

    a_t = W_a (mu_a * x_t + (1 - mu_a) * x_prev)           for a = r, k and v
    wkv_t = (num_prev + exp(u + k_t) v_t) / (den_prev + exp(u + k_t))
    num_t = exp(-w) num_prev + exp(k_t) v_t
    den_t = exp(-w) den_prev + exp(k_t)
    y_t = W_y (sigmoid(r_t) * wkv_t),   w = exp(w_log) > 0

    The state is (x_prev, num, den, m): num and den are kept divided by exp(m),
    m is the largest exponent in them. Both sums are linear recurrences, so
    `forward` scans all time steps at once.

    Shape:
        weight_ih: (3H, D); mu: (3D,); w_log, u: (H,); weight_y: (H, H).

    Source: Peng and others 2023, the time mixing of version 4.
    """

    gates = ("_r", "_k", "_v")
    recurrent_gates = ()
    parallel = True

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        del self.bias
        self.mu = nn.Parameter(torch.full((3 * input_size,), 0.5))
        spread = -5 + 8 * torch.linspace(0, 1, hidden_size) ** 0.7
        self.w_log = nn.Parameter(spread)
        self.u = nn.Parameter(torch.zeros(hidden_size))
        self.weight_y = nn.Parameter(torch.empty(hidden_size, hidden_size))
        nn.init.xavier_uniform_(self.weight_y)

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {
            "w_log": ("w_log",),
            "u": ("u",),
            "weight_y": ("W_y",),
            "weight_ih": tuple(f"W{gate}" for gate in self.gates),
            "mu": tuple(f"mu{gate}" for gate in self.gates),
        }

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return (self.input_size,), *((self.hidden_size,),) * 3

    def initial_state(self, batch: int) -> State:
        x_prev, num, den, m = (
            self.u.new_zeros(batch, *shape) for shape in self.state_shapes
        )
        return x_prev, num, den, m + LOW

    def project(self, x: Tensor) -> Tensor:
        """Nothing: the products take x_t mixed with x_prev, which is state."""
        return x

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        x_prev, num, den, m_prev = state
        r, k, v = self._mixed(a_t, x_prev)
        y_t = self._read(r, k, v, (num, den, m_prev))
        w = self.w_log.exp()
        m = torch.maximum(m_prev - w, k)
        old, new = torch.exp(m_prev - w - m), torch.exp(k - m)
        return y_t, (a_t, old * num + new * v, old * den + new, m)

    def forward(
        self, x: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """All time steps at once: first the maxima, then the two sums."""
        state = self.initial_state(len(x)) if state is None else state
        x_0, num_0, den_0, m_0 = state
        x_prev = torch.cat([x_0[:, None], x[:, :-1]], dim=1)
        r, k, v = self._mixed(x, x_prev)  # (B, T, H) each
        w = self.w_log.exp()
        m = decaying_max(k, w, m_0)
        m_prev, m = m[:, :-1], m[:, 1:]
        old, new = torch.exp(m_prev - w - m), torch.exp(k - m)
        num = linear_scan(old, new * v, num_0)
        den = linear_scan(old, new, den_0)
        num_prev = torch.cat([num_0[:, None], num[:, :-1]], dim=1)
        den_prev = torch.cat([den_0[:, None], den[:, :-1]], dim=1)
        outputs = self._read(r, k, v, (num_prev, den_prev, m_prev))
        return outputs, (x[:, -1], num[:, -1], den[:, -1], m[:, -1])

    def _mixed(self, x: Tensor, x_prev: Tensor) -> list[Tensor]:
        """r, k and v, for one step or for all: (..., D) -> (..., H) each."""
        pairs = zip(self.weight_ih.chunk(3), self.mu.chunk(3), strict=True)
        return [F.linear(mu * x + (1 - mu) * x_prev, W) for W, mu in pairs]

    def _read(self, r: Tensor, k: Tensor, v: Tensor, sums: State) -> Tensor:
        """The output, from the sums before this step. Shape: (..., H)."""
        num, den, m = sums
        top = torch.maximum(m, self.u + k)
        old, new = torch.exp(m - top), torch.exp(self.u + k - top)
        wkv = (old * num + new * v) / (old * den + new)
        return F.linear(torch.sigmoid(r) * wkv, self.weight_y)


class SLSTM(Recurrent):
    """The LSTM with exponential gates and a normalised memory.

    a_* = W_* x_t + U_* h_prev + b_*
    z = tanh(a_z),   i = exp(a_i),   f = exp(a_f),   o = sigmoid(a_o)
    c_t = f * c_prev + i * z,   n_t = f * n_prev + i,   h_t = o * c_t / n_t

    The state is (h, c, n, m): c and n are kept divided by exp(m), with
    m_t = max(log f + m_prev, log i), so that nothing overflows; then n_t >= 1.

    Source: Beck and others 2024, with one head and the exponential one of
    their two forget gates.
    """

    gates = ("_z", "_i", "_f", "_o")

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size,),) * 4

    def initial_state(self, batch: int) -> State:
        h, c, n, m = super().initial_state(batch)
        return h, c, n, m + LOW

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        h_prev, c_prev, n_prev, m_prev = state
        a_t = a_t + F.linear(h_prev, self.weight_hh)  # (B, 4H)
        z, log_i, log_f, o = a_t.chunk(4, dim=-1)
        m_t = torch.maximum(log_f + m_prev, log_i)
        i, f = torch.exp(log_i - m_t), torch.exp(log_f + m_prev - m_t)
        c_t = f * c_prev + i * torch.tanh(z)
        n_t = f * n_prev + i
        h_t = torch.sigmoid(o) * c_t / n_t
        return h_t, (h_t, c_t, n_t, m_t)


class MLSTM(Recurrent):
    """A matrix as memory: a value is written under a key, a query reads.

    q = W_q x_t + b_q,   k = (W_k x_t + b_k) / sqrt(H),   v = W_v x_t + b_v
    i = exp(w_i x_t + b_i),   f = sigmoid(w_f x_t + b_f)         one number each
    C_t = f C_prev + i v k^T,   n_t = f n_prev + i k
    h_t = sigmoid(W_o x_t + b_o) * C_t q / max(|n_t . q|, 1)

    The state is (C, n, m): C and n are kept divided by exp(m), with
    m_t = max(log f + m_prev, log i, 0). `forward` keeps no matrix for each
    step: it weighs every pair of steps.

    Shape:
        weight_ih: (4H, D); bias: (4H,); weight_if: (2, D); bias_if: (2,).

    Source: Beck and others 2024, with one head.
    """

    gates = ("_q", "_k", "_v", "_o")
    recurrent_gates = ()
    parallel = True

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.weight_if = nn.Parameter(torch.empty(2, input_size))
        self.bias_if = nn.Parameter(torch.tensor([0.0, 3.0]))
        nn.init.xavier_uniform_(self.weight_if)

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {
            **super().symbols,
            "weight_if": ("w_i", "w_f"),
            "bias_if": ("b_i", "b_f"),
        }

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return (self.hidden_size, self.hidden_size), (self.hidden_size,), (1,)

    def project(self, x: Tensor) -> Tensor:
        """Everything but the memory. Shape: (..., D) -> (..., 4H + 2)."""
        a = super().project(x)
        gates = F.linear(x, self.weight_if, self.bias_if)
        return torch.cat([a, gates], dim=-1)

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        C_prev, n_prev, m_prev = state
        q, k, v, o, log_i, log_f = self._parts(a_t)
        m_t = torch.maximum(log_f + m_prev, log_i).clamp(min=0)
        i, f = torch.exp(log_i - m_t), torch.exp(log_f + m_prev - m_t)
        C_t = f[..., None] * C_prev  # (B, H, H)
        C_t = C_t + (i * v)[..., :, None] * k[..., None, :]
        n_t = f * n_prev + i * k
        read = (C_t @ q[..., None])[..., 0]
        weight = (n_t * q).sum(dim=-1, keepdim=True)
        h_t = o * read / torch.maximum(weight.abs(), torch.exp(-m_t))
        return h_t, (C_t, n_t, m_t)

    def forward(
        self, x: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """All pairs of steps at once: t reads (q_t . k_s) v_s, weighed."""
        C_0, n_0, m_0 = self.initial_state(len(x)) if state is None else state
        q, k, v, o, log_i, log_f = self._parts(self.project(x))
        T = x.shape[1]
        later = x.new_ones(T, T, dtype=torch.bool).tril(-1)  # (t, s): t after s
        # Logarithms of what t keeps of s, and of what it keeps of the state.
        kept = torch.where(later, log_f, 0).cumsum(dim=1) + log_i.mT
        kept = kept.masked_fill(later.mT, LOW)  # (B, T, T)
        start = log_f.cumsum(dim=1) + m_0[:, None]  # (B, T, 1)
        m = torch.maximum(start, kept.amax(dim=-1, keepdim=True)).clamp(min=0)
        kept, start = torch.exp(kept - m), torch.exp(start - m)

        pairs = kept * (q @ k.mT)
        read = pairs @ v + start * (q @ C_0.mT)  # (B, T, H)
        weight = pairs.sum(dim=-1, keepdim=True) + start * (q @ n_0[..., None])
        outputs = o * read / torch.maximum(weight.abs(), torch.exp(-m))
        last, first = kept[:, -1, :, None], start[:, -1]
        C = first[..., None] * C_0 + v.mT @ (last * k)
        return outputs, (C, first * n_0 + (last * k).sum(dim=1), m[:, -1])

    def _parts(self, a: Tensor) -> tuple[Tensor, ...]:
        """q, k, v and the output gate, (..., H); log i and log f, (..., 1)."""
        H = self.hidden_size
        q, k, v, o, log_i, f = a.split([H, H, H, H, 1, 1], dim=-1)
        return q, k / H**0.5, v, torch.sigmoid(o), log_i, F.logsigmoid(f)
