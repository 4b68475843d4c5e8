"""Recurrent layers that are linear in their state, in NumPy."""

import math

import numpy as np

from unrolled.numpy.cells.base import Array, Recurrent, State, glorot, sigmoid

__all__ = ["LRU", "RGLRU", "S4D", "SelectiveSSM"]


def gelu(a: Array) -> Array:
    """The Gaussian error linear unit with tanh (Hendrycks and Gimpel 2016)."""
    inner = math.sqrt(2 / math.pi) * (a + 0.044715 * a**3)
    return 0.5 * a * (1 + np.tanh(inner))


def softplus(a: Array) -> Array:
    """The smooth ramp log(1 + exp(a)), without overflow."""
    return np.logaddexp(0, a)


class LRU(Recurrent):
    """The linear recurrent unit: complex numbers that turn and fade.

    lambda = exp(-exp(nu) + i exp(theta))
    s_t = lambda * s_prev + gamma * (B x_t)
    y_t = gelu(Re(C s_t) + D x_t + b)

    |lambda| < 1 whatever nu is. lambda starts in a ring, |lambda| from 0.9 to
    0.999, at any angle; gamma starts at sqrt(1 - |lambda|^2), so that slow
    units do not grow large. In the paper the gelu comes after the layer. The
    state is (Re s_t, Im s_t).

    Shape:
        nu, theta, gamma: (H,); B_re, B_im, D: (H, D); C_re, C_im: (H, H).

    Source: Orvieto and others 2023.
    """

    gates = ("",)
    recurrent_gates = ()

    def draw(self, rng: np.random.Generator) -> None:
        D, H = self.input_size, self.hidden_size
        radius = np.sqrt(rng.uniform(0.9**2, 0.999**2, H))
        self.parameters["D"] = self.parameters.pop("W")
        self._add("nu", ("",), np.log(-np.log(radius)))
        self._add("theta", ("",), np.log(rng.uniform(0, 2 * np.pi, H)))
        self._add("gamma", ("",), np.sqrt(1 - radius**2))
        B = rng.normal(0, 1 / np.sqrt(2 * D), (2 * H, D))
        C = rng.normal(0, 1 / np.sqrt(H), (2 * H, H))
        self._add("B", ("_re", "_im"), B)
        self._add("C", ("_re", "_im"), C)

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size,),) * 2

    def step(self, x_t: Array, state: State) -> tuple[Array, State]:
        p = self.parameters
        s_prev = state[0] + 1j * state[1]
        B, C = p["B_re"] + 1j * p["B_im"], p["C_re"] + 1j * p["C_im"]
        lam = np.exp(-np.exp(p["nu"]) + 1j * np.exp(p["theta"]))
        s_t = lam * s_prev + p["gamma"] * (x_t @ B.T)
        y_t = gelu((s_t @ C.T).real + x_t @ p["D"].T + p["b"])
        return y_t, (s_t.real, s_t.imag)


class S4D(Recurrent):
    """A diagonal state space model for each channel, sampled in time.

    u_t = W x_t + b                                       the H channels
    A = -exp(a_re) + i a_im,   dt = exp(log_dt)
    s_t = exp(dt A) * s_prev + (exp(dt A) - 1) / A * u_t  exact while u_t holds
    y_t = gelu(2 Re(sum_n C_n s_t,n) + D * u_t)

    N = 8 numbers for each channel stand for themselves and their conjugates,
    hence 2 Re. A starts at -1/2 + i pi n (S4D-Lin), dt log-uniform in
    (0.001, 0.1). The state is (Re s_t, Im s_t).

    Shape:
        a_re, a_im, C_re, C_im: (H, N); log_dt, D: (H,).

    Source: Gu, Gupta, Goel and Re 2022.
    """

    gates = ("",)
    recurrent_gates = ()
    state_size = 8

    def draw(self, rng: np.random.Generator) -> None:
        H, N = self.hidden_size, self.state_size
        self._add("a_re", ("",), np.full((H, N), np.log(0.5)))
        self._add("a_im", ("",), np.tile(np.pi * np.arange(N), (H, 1)))
        self._add("log_dt", ("",), rng.uniform(np.log(0.001), np.log(0.1), H))
        self._add("C", ("_re", "_im"), rng.normal(0, np.sqrt(0.5), (2 * H, N)))
        self._add("D", ("",), np.ones(H))

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size, self.state_size),) * 2

    def step(self, x_t: Array, state: State) -> tuple[Array, State]:
        p = self.parameters
        s_prev = state[0] + 1j * state[1]
        u_t = self._input("", x_t)
        A, C = -np.exp(p["a_re"]) + 1j * p["a_im"], p["C_re"] + 1j * p["C_im"]
        keep = np.exp(np.exp(p["log_dt"])[:, None] * A)
        s_t = keep * s_prev + (keep - 1) / A * u_t[:, :, None]
        y_t = gelu(2 * (C * s_t).sum(axis=-1).real + p["D"] * u_t)
        return y_t, (s_t.real, s_t.imag)


class SelectiveSSM(Recurrent):
    """The selective state space model: x_t sets its clock, write and read.

    u_t = W_u x_t + b_u,   dt = softplus(W_dt x_t + b_dt)
    B_t = W_B x_t,   C_t = W_C x_t,   A = -exp(A_log)
    s_t = exp(dt A) * s_prev + (dt * u_t) B_t^T
    y_t = s_t C_t + D * u_t

    Where dt is near 0 the state stands still and x_t is passed over; where it
    is large the past is wiped out. N = 8 numbers for each channel; A starts at
    -1 to -N, dt log-uniform in (0.001, 1): the paper's range and more, for
    short sequences. The state is (s_t,).

    Shape:
        W_B, W_C: (N, D); A_log: (H, N); D: (H,); s_t: (B, H, N).

    Source: Gu and Dao 2023.
    """

    gates = ("_u", "_dt")
    recurrent_gates = ()
    state_size = 8

    def draw(self, rng: np.random.Generator) -> None:
        H, N = self.hidden_size, self.state_size
        dt = np.exp(rng.uniform(np.log(0.001), np.log(1), H))
        self.parameters["b_dt"] += np.log(np.expm1(dt))  # softplus of it is dt
        self._add("W", ("_B", "_C"), glorot(rng, 2 * N, self.input_size))
        self._add("A_log", ("",), np.tile(np.log(np.arange(1, N + 1)), (H, 1)))
        self._add("D", ("",), np.ones(H))

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size, self.state_size),)

    def step(self, x_t: Array, state: State) -> tuple[Array, State]:
        (s_prev,) = state
        p = self.parameters
        u_t, dt = self._input("_u", x_t), softplus(self._input("_dt", x_t))
        B_t, C_t = x_t @ p["W_B"].T, x_t @ p["W_C"].T
        keep = np.exp(dt[:, :, None] * -np.exp(p["A_log"]))
        s_t = keep * s_prev + (dt * u_t)[:, :, None] * B_t[:, None, :]
        return (s_t * C_t[:, None, :]).sum(axis=-1) + p["D"] * u_t, (s_t,)


class RGLRU(Recurrent):
    """The real-gated linear recurrent unit: x_t sets how much is kept.

    r, i = sigmoid(W_* x_t + b_*)                 recurrence and input gate
    u = W_u x_t + b_u
    log a = -8 softplus(Lambda) * r
    h_t = a * h_prev + sqrt(1 - a^2) * (i * u)

    The squares of the two weights sum to one, so that the size of h_t does not
    depend on a. Lambda starts so that a is uniform in (0.9, 0.999) where
    r = 1. In the paper u is x_t itself.

    Shape:
        Lambda: (H,).

    Source: De and others 2024.
    """

    gates = ("_r", "_i", "_u")
    recurrent_gates = ()

    def draw(self, rng: np.random.Generator) -> None:
        least = rng.uniform(0.9, 0.999, self.hidden_size)  # a where r = 1
        self._add("Lambda", ("",), np.log(np.expm1(-np.log(least) / 8)))

    def step(self, x_t: Array, state: State) -> tuple[Array, State]:
        (h_prev,) = state
        r, i = sigmoid(self._input("_r", x_t)), sigmoid(self._input("_i", x_t))
        log_a = -8 * softplus(self.parameters["Lambda"]) * r
        # sqrt(1 - a^2), exact where a is near 1
        scale = np.sqrt(-np.expm1(2 * log_a))
        h_t = np.exp(log_a) * h_prev + scale * (i * self._input("_u", x_t))
        return h_t, (h_t,)
