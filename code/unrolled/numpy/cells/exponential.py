"""Recurrent layers with exponential gates or weights, in NumPy."""

import numpy as np

from unrolled.numpy.cells.base import Array, Recurrent, State, glorot, sigmoid

__all__ = ["MLSTM", "RWKV", "SLSTM"]
# Where a running maximum m starts: exp(LOW - m) is 0 for any later m.
LOW = -1e9


class RWKV(Recurrent):
    """A weighted mean of all values so far; weights fade by exp(-w) a step.

    a_t = W_a (mu_a * x_t + (1 - mu_a) * x_prev)           for a = r, k and v
    wkv_t = (num_prev + exp(u + k_t) v_t) / (den_prev + exp(u + k_t))
    num_t = exp(-w) num_prev + exp(k_t) v_t
    den_t = exp(-w) den_prev + exp(k_t)
    y_t = W_y (sigmoid(r_t) * wkv_t),   w = exp(w_log) > 0

    The layer is linear in what it carries, and no gate sees an earlier output.
    The state is (x_prev, num, den, m): num and den are kept divided by exp(m),
    m is the largest exponent in them, so that no k overflows. w_log starts
    spread from -5 to 3, as the authors have it: some units remember for a
    hundred steps, some for one. mu starts at 1/2, u at 0.

    Shape:
        W_r, W_k, W_v: (H, D); mu_r, mu_k, mu_v: (D,); w_log, u: (H,);
        W_y: (H, H).

    Source: Peng and others 2023, the time mixing of version 4.
    """

    gates = ("_r", "_k", "_v")
    recurrent_gates = ()

    def draw(self, rng: np.random.Generator) -> None:
        for gate in self.gates:
            del self.parameters[f"b{gate}"]
        H = self.hidden_size
        self._add("mu", self.gates, np.full(3 * self.input_size, 0.5))
        self._add("w_log", ("",), -5 + 8 * np.linspace(0, 1, H) ** 0.7)
        self._add("u", ("",), np.zeros(H))
        self._add("W", ("_y",), glorot(rng, H, H))

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return (self.input_size,), *((self.hidden_size,),) * 3

    def initial_state(self, batch: int) -> State:
        x_prev, num, den, m = super().initial_state(batch)
        return x_prev, num, den, m + LOW

    def step(self, x_t: Array, state: State) -> tuple[Array, State]:
        x_prev, num, den, m_prev = state
        p = self.parameters
        r, k, v = (self._mixed(gate, x_t, x_prev) for gate in self.gates)
        m = np.maximum(m_prev, p["u"] + k)
        old, new = np.exp(m_prev - m), np.exp(p["u"] + k - m)
        wkv = (old * num + new * v) / (old * den + new)
        w = np.exp(p["w_log"])
        m = np.maximum(m_prev - w, k)
        old, new = np.exp(m_prev - w - m), np.exp(k - m)
        y_t = (sigmoid(r) * wkv) @ p["W_y"].T
        return y_t, (x_t, old * num + new * v, old * den + new, m)

    def _mixed(self, gate: str, x_t: Array, x_prev: Array) -> Array:
        """W (mu * x_t + (1 - mu) * x_prev) of r, k or v. Shape: (B, H)."""
        mu, W = self.parameters[f"mu{gate}"], self.parameters[f"W{gate}"]
        return (mu * x_t + (1 - mu) * x_prev) @ W.T


class SLSTM(Recurrent):
    """The LSTM with exponential gates and a normalised memory.

    z = tanh(W_z x_t + U_z h_prev + b_z)             candidate
    i = exp(W_i x_t + U_i h_prev + b_i)              input gate, unbounded
    f = exp(W_f x_t + U_f h_prev + b_f)              forget gate, unbounded
    o = sigmoid(W_o x_t + U_o h_prev + b_o)          output gate
    c_t = f * c_prev + i * z,   n_t = f * n_prev + i,   h_t = o * c_t / n_t

    c_t / n_t is a weighted mean of the candidates so far: one input can
    outweigh all before it. The state is (h, c, n, m): c and n are kept divided
    by exp(m), with m_t = max(log f + m_prev, log i), so that nothing
    overflows; then n_t >= 1.

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

    def step(self, x_t: Array, state: State) -> tuple[Array, State]:
        h_prev, c_prev, n_prev, m_prev = state
        z = np.tanh(self._affine("_z", x_t, h_prev))
        log_i = self._affine("_i", x_t, h_prev)
        log_f = self._affine("_f", x_t, h_prev)
        o = sigmoid(self._affine("_o", x_t, h_prev))
        m_t = np.maximum(log_f + m_prev, log_i)
        i, f = np.exp(log_i - m_t), np.exp(log_f + m_prev - m_t)
        c_t = f * c_prev + i * z
        n_t = f * n_prev + i
        h_t = o * c_t / n_t
        return h_t, (h_t, c_t, n_t, m_t)


class MLSTM(Recurrent):
    """A matrix as memory: a value is written under a key, a query reads.

    q = W_q x_t + b_q,   k = (W_k x_t + b_k) / sqrt(H),   v = W_v x_t + b_v
    i = exp(w_i x_t + b_i),   f = sigmoid(w_f x_t + b_f)         one number each
    C_t = f C_prev + i v k^T,   n_t = f n_prev + i k
    h_t = sigmoid(W_o x_t + b_o) * C_t q / max(|n_t . q|, 1)

    The layer is linear in what it carries, and no gate sees h_prev. The state
    is (C, n, m): C and n are kept divided by exp(m), with
    m_t = max(log f + m_prev, log i, 0), so that nothing overflows and the 1
    becomes exp(-m_t). (The paper's m has no 0; h_t is the same whatever m is.)
    b_f starts at 3.

    Shape:
        W_q, W_k, W_v, W_o: (H, D); w_i, w_f: (1, D); b_i, b_f: (1,).

    Source: Beck and others 2024, with one head.
    """

    gates = ("_q", "_k", "_v", "_o")
    recurrent_gates = ()

    def draw(self, rng: np.random.Generator) -> None:
        self._add("w", ("_i", "_f"), glorot(rng, 2, self.input_size))
        self._add("b", ("_i", "_f"), np.array([0.0, 3.0]))

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return (self.hidden_size, self.hidden_size), (self.hidden_size,), (1,)

    def step(self, x_t: Array, state: State) -> tuple[Array, State]:
        C_prev, n_prev, m_prev = state
        p = self.parameters
        q, v = self._input("_q", x_t), self._input("_v", x_t)
        k = self._input("_k", x_t) / self.hidden_size**0.5
        log_i = x_t @ p["w_i"].T + p["b_i"]  # (B, 1)
        log_f = -np.logaddexp(0, -(x_t @ p["w_f"].T + p["b_f"]))
        m_t = np.maximum(np.maximum(log_f + m_prev, log_i), 0)
        i, f = np.exp(log_i - m_t), np.exp(log_f + m_prev - m_t)
        C_t = f[..., None] * C_prev  # (B, H, H)
        C_t = C_t + (i * v)[:, :, None] * k[:, None, :]
        n_t = f * n_prev + i * k
        weight = np.abs((n_t * q).sum(axis=-1, keepdims=True))
        read = np.einsum("bvk,bk->bv", C_t, q)
        read = read / np.maximum(weight, np.exp(-m_t))
        return sigmoid(self._input("_o", x_t)) * read, (C_t, n_t, m_t)
