"""Recurrent layers with exponential gates or weights, in Keras."""

from typing import Any

import keras
import numpy as np
from keras import KerasTensor as Tensor
from keras import ops

from unrolled.keras.cells.base import Recurrent, State
from unrolled.keras.scan import linear_scan

__all__ = ["MLSTM", "RWKV", "SLSTM"]
# Where a running maximum m starts: exp(LOW - m) is 0 for any later m.
LOW = -1e9


def decaying_max(k: Tensor, w: Tensor, m0: Tensor) -> Tensor:
    """m0, then all m_t = max(m_prev - w, k_t), by doubling as in `linear_scan`.

    Shape: k (B, T, H) with T known; w (H,); m0 (B, H); returns (B, 1 + T, H).
    """
    m, span = ops.concatenate([m0[:, None], k], axis=1), 1
    while span <= k.shape[1]:
        longer = ops.maximum(m[:, span:], m[:, :-span] - span * w)
        m = ops.concatenate([m[:, :span], longer], axis=1)
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
    `call` scans all time steps at once.

    Shape:
        kernel: (D, 3H); mu: (3D,); w_log, u: (H,); output_kernel: (H, H).

    Source: Peng and others 2023, the time mixing of version 4.
    """

    gates = ("_r", "_k", "_v")
    recurrent_gates = ()
    parallel = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        D, H = input_shape[-1], self.hidden_size
        assert D is not None
        spread = -5 + 8 * np.linspace(0, 1, H) ** 0.7

        def falling(shape: tuple[int, ...], dtype: Any = None) -> Tensor:
            return ops.convert_to_tensor(spread, dtype)

        self.input_size = D
        self.kernel = self.add_weight(
            shape=(D, 3 * H), initializer="glorot_uniform", name="kernel"
        )
        halves = keras.initializers.Constant(0.5)
        self.mu = self.add_weight(shape=(3 * D,), initializer=halves, name="mu")
        self.w_log = self.add_weight(
            shape=(H,), initializer=falling, name="w_log"
        )
        self.u = self.add_weight(shape=(H,), initializer="zeros", name="u")
        self.output_kernel = self.add_weight(
            shape=(H, H), initializer="glorot_uniform", name="output_kernel"
        )

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {
            "w_log": ("w_log",),
            "u": ("u",),
            "output_kernel": ("W_y",),
            "kernel": tuple(f"W{gate}" for gate in self.gates),
            "mu": tuple(f"mu{gate}" for gate in self.gates),
        }

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return (self.input_size,), *((self.hidden_size,),) * 3

    def initial_state(self, batch: int) -> State:
        x_prev, num, den, m = super().initial_state(batch)
        return x_prev, num, den, m + LOW

    def project(self, x: Tensor) -> Tensor:
        """Nothing: the products take x_t mixed with x_prev, which is state."""
        return x

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        x_prev, num, den, m_prev = state
        r, k, v = self._mixed(a_t, x_prev)
        y_t = self._read(r, k, v, (num, den, m_prev))
        w = ops.exp(self.w_log)
        m = ops.maximum(m_prev - w, k)
        old, new = ops.exp(m_prev - w - m), ops.exp(k - m)
        return y_t, (a_t, old * num + new * v, old * den + new, m)

    def call(
        self, x: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """All time steps at once: first the maxima, then the two sums."""
        state = self.initial_state(ops.shape(x)[0]) if state is None else state
        x_0, num_0, den_0, m_0 = state
        x_prev = ops.concatenate([x_0[:, None], x[:, :-1]], axis=1)
        r, k, v = self._mixed(x, x_prev)  # (B, T, H) each
        w = ops.exp(self.w_log)
        m = decaying_max(k, w, m_0)
        m_prev, m = m[:, :-1], m[:, 1:]
        old, new = ops.exp(m_prev - w - m), ops.exp(k - m)
        num = linear_scan(old, new * v, num_0)
        den = linear_scan(old, new, den_0)
        num_prev = ops.concatenate([num_0[:, None], num[:, :-1]], axis=1)
        den_prev = ops.concatenate([den_0[:, None], den[:, :-1]], axis=1)
        outputs = self._read(r, k, v, (num_prev, den_prev, m_prev))
        return outputs, (x[:, -1], num[:, -1], den[:, -1], m[:, -1])

    def _mixed(self, x: Tensor, x_prev: Tensor) -> list[Tensor]:
        """r, k and v, for one step or for all: (..., D) -> (..., H) each."""
        kernels = ops.split(self.kernel, 3, axis=-1)
        pairs = zip(kernels, ops.split(self.mu, 3), strict=True)
        return [ops.matmul(mu * x + (1 - mu) * x_prev, W) for W, mu in pairs]

    def _read(self, r: Tensor, k: Tensor, v: Tensor, sums: State) -> Tensor:
        """The output, from the sums before this step. Shape: (..., H)."""
        num, den, m = sums
        top = ops.maximum(m, self.u + k)
        old, new = ops.exp(m - top), ops.exp(self.u + k - top)
        wkv = (old * num + new * v) / (old * den + new)
        return ops.matmul(ops.sigmoid(r) * wkv, self.output_kernel)


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
        a_t = a_t + ops.matmul(h_prev, self.recurrent_kernel)  # (B, 4H)
        z, log_i, log_f, o = ops.split(a_t, 4, axis=-1)
        m_t = ops.maximum(log_f + m_prev, log_i)
        i, f = ops.exp(log_i - m_t), ops.exp(log_f + m_prev - m_t)
        c_t = f * c_prev + i * ops.tanh(z)
        n_t = f * n_prev + i
        h_t = ops.sigmoid(o) * c_t / n_t
        return h_t, (h_t, c_t, n_t, m_t)


class MLSTM(Recurrent):
    """A matrix as memory: a value is written under a key, a query reads.

    q = W_q x_t + b_q,   k = (W_k x_t + b_k) / sqrt(H),   v = W_v x_t + b_v
    i = exp(w_i x_t + b_i),   f = sigmoid(w_f x_t + b_f)         one number each
    C_t = f C_prev + i v k^T,   n_t = f n_prev + i k
    h_t = sigmoid(W_o x_t + b_o) * C_t q / max(|n_t . q|, 1)

    The state is (C, n, m): C and n are kept divided by exp(m), with
    m_t = max(log f + m_prev, log i, 0). `call` keeps no matrix for each
    step: it weighs every pair of steps.

    Shape:
        kernel: (D, 4H); bias: (4H,); gate_kernel: (D, 2); gate_bias: (2,).

    Source: Beck and others 2024, with one head.
    """

    gates = ("_q", "_k", "_v", "_o")
    recurrent_gates = ()
    parallel = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        self.gate_kernel = self.add_weight(
            shape=(input_shape[-1], 2),
            initializer="glorot_uniform",
            name="gate_kernel",
        )
        self.gate_bias = self.add_weight(
            shape=(2,), initializer=self.initial_gate_bias, name="gate_bias"
        )

    def initial_gate_bias(
        self, shape: tuple[int, ...], dtype: Any = None
    ) -> Tensor:
        return ops.convert_to_tensor([0.0, 3.0], dtype)

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {
            **super().symbols,
            "gate_kernel": ("w_i", "w_f"),
            "gate_bias": ("b_i", "b_f"),
        }

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return (self.hidden_size, self.hidden_size), (self.hidden_size,), (1,)

    def project(self, x: Tensor) -> Tensor:
        """Everything but the memory. Shape: (..., D) -> (..., 4H + 2)."""
        gates = ops.matmul(x, self.gate_kernel) + self.gate_bias
        return ops.concatenate([super().project(x), gates], axis=-1)

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        C_prev, n_prev, m_prev = state
        q, k, v, o, log_i, log_f = self._parts(a_t)
        m_t = ops.relu(ops.maximum(log_f + m_prev, log_i))
        i, f = ops.exp(log_i - m_t), ops.exp(log_f + m_prev - m_t)
        C_t = f[..., None] * C_prev  # (B, H, H)
        C_t = C_t + (i * v)[..., :, None] * k[..., None, :]
        n_t = f * n_prev + i * k
        weight = ops.sum(n_t * q, axis=-1, keepdims=True)
        read = ops.matmul(C_t, q[..., None])[..., 0]
        h_t = o * read / ops.maximum(ops.abs(weight), ops.exp(-m_t))
        return h_t, (C_t, n_t, m_t)

    def call(
        self, x: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """All pairs of steps at once: t reads (q_t . k_s) v_s, weighed."""
        state = self.initial_state(ops.shape(x)[0]) if state is None else state
        C_0, n_0, m_0 = state
        q, k, v, o, log_i, log_f = self._parts(self.project(x))
        T = x.shape[1]
        later = ops.tri(T, T, -1, dtype="bool")  # (t, s): t after s
        # Logarithms of what t keeps of s, and of what it keeps of the state.
        kept = ops.cumsum(ops.where(later, log_f, 0.0), axis=1)
        kept = kept + _transpose(log_i)
        kept = ops.where(ops.transpose(later), LOW, kept)  # (B, T, T)
        start = ops.cumsum(log_f, axis=1) + m_0[:, None]  # (B, T, 1)
        m = ops.relu(ops.maximum(start, ops.max(kept, axis=-1, keepdims=True)))
        kept, start = ops.exp(kept - m), ops.exp(start - m)

        pairs = kept * ops.matmul(q, _transpose(k))
        read = ops.matmul(pairs, v)  # (B, T, H)
        read = read + start * ops.matmul(q, _transpose(C_0))
        weight = ops.sum(pairs, axis=-1, keepdims=True)
        weight = weight + start * ops.matmul(q, n_0[..., None])
        outputs = o * read / ops.maximum(ops.abs(weight), ops.exp(-m))
        last, first = kept[:, -1, :, None], start[:, -1]
        C = first[..., None] * C_0 + ops.matmul(_transpose(v), last * k)
        return outputs, (C, first * n_0 + ops.sum(last * k, axis=1), m[:, -1])

    def _parts(self, a: Tensor) -> tuple[Tensor, ...]:
        """q, k, v and the output gate, (..., H); log i and log f, (..., 1)."""
        H = self.hidden_size
        ends = [H, 2 * H, 3 * H, 4 * H, 4 * H + 1]
        q, k, v, o, log_i, f = ops.split(a, ends, axis=-1)
        return q, k / H**0.5, v, ops.sigmoid(o), log_i, ops.log_sigmoid(f)


def _transpose(a: Tensor) -> Tensor:
    """Exchanges the last two axes."""
    return ops.swapaxes(a, -1, -2)
