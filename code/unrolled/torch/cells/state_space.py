"""Recurrent layers that are linear in their state, in PyTorch."""

from math import log, pi, sqrt

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unrolled.torch.cells.base import Recurrent, State
from unrolled.torch.cells.minimal import Scanned
from unrolled.torch.scan import complex_scan, linear_scan

__all__ = ["LRU", "RGLRU", "S4D", "SelectiveSSM"]


class LRU(Recurrent):
    """The linear recurrent unit: complex numbers that turn and fade.

    lambda = exp(-exp(nu) + i exp(theta))
    s_t = lambda * s_prev + gamma * (B x_t)
    y_t = gelu(Re(C s_t) + D x_t + b)

    |lambda| < 1 whatever nu is. lambda starts in a ring, |lambda| from 0.9 to
    0.999, at any angle; gamma starts at sqrt(1 - |lambda|^2), so that slow
    units do not grow large. In the paper the gelu comes after the layer. The
    state is (Re s_t, Im s_t), which is a scan.

    Shape:
        nu, theta, gamma: (H,); weight_in: (2H, D), Re B and Im B;
        weight_out: (2H, H), Re C and Im C; weight_ih: (H, D), the D of the
        equation.

    Source: Orvieto and others 2023.
    """

    gates = ("",)
    recurrent_gates = ()
    parallel = True

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        D, H = input_size, hidden_size
        radius = torch.empty(H).uniform_(0.9**2, 0.999**2).sqrt()
        self.nu = nn.Parameter(torch.log(-torch.log(radius)))
        self.theta = nn.Parameter(torch.empty(H).uniform_(0, 2 * pi).log())
        self.gamma = nn.Parameter(torch.sqrt(1 - radius**2))
        self.weight_in = nn.Parameter(torch.randn(2 * H, D) / sqrt(2 * D))
        self.weight_out = nn.Parameter(torch.randn(2 * H, H) / sqrt(H))

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        pairs = {"weight_in": ("B_re", "B_im"), "weight_out": ("C_re", "C_im")}
        alone = {name: (name,) for name in ("nu", "theta", "gamma")}
        return {"weight_ih": ("D",), "bias": ("b",), **pairs, **alone}

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size,),) * 2

    def project(self, x: Tensor) -> Tensor:
        """Both parts of gamma * B x, and D x + b: (..., D) -> (..., 3H)."""
        v = F.linear(x, self.weight_in) * self.gamma.repeat(2)
        return torch.cat([v, super().project(x)], dim=-1)

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        re, im = state
        v_re, v_im, skip = a_t.chunk(3, dim=-1)
        l_re, l_im = self._lambda()
        re, im = l_re * re - l_im * im + v_re, l_re * im + l_im * re + v_im
        return self._output(re, im, skip), (re, im)

    def forward(
        self, x: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """All steps at once, s by a scan."""
        re, im = self.initial_state(len(x)) if state is None else state
        v_re, v_im, skip = self.project(x).chunk(3, dim=-1)
        l_re, l_im = (part.expand(1, x.shape[1], -1) for part in self._lambda())
        re, im = complex_scan((l_re, l_im), (v_re, v_im), (re, im))
        return self._output(re, im, skip), (re[:, -1], im[:, -1])

    def _lambda(self) -> tuple[Tensor, Tensor]:
        """The real and imaginary part of lambda. Shape: (H,)."""
        radius, angle = torch.exp(-torch.exp(self.nu)), torch.exp(self.theta)
        return radius * torch.cos(angle), radius * torch.sin(angle)

    def _output(self, re: Tensor, im: Tensor, skip: Tensor) -> Tensor:
        """The output from the state. Shape: (..., H)."""
        C_re, C_im = self.weight_out.chunk(2)
        y = F.linear(re, C_re) - F.linear(im, C_im) + skip
        return F.gelu(y, approximate="tanh")


class S4D(Recurrent):
    """A diagonal state space model for each channel, sampled in time.

    u_t = W x_t + b,   A = -exp(a_re) + i a_im,   dt = exp(log_dt)
    s_t = exp(dt A) * s_prev + (exp(dt A) - 1) / A * u_t
    y_t = gelu(2 Re(sum_n C_n s_t,n) + D * u_t)

    N = 8 numbers for each channel stand for themselves and their conjugates,
    hence 2 Re. A starts at -1/2 + i pi n (S4D-Lin), dt log-uniform in
    (0.001, 0.1). The state is (Re s_t, Im s_t). The recurrence is the same at
    each t, so y is a convolution of u, done by Fourier transforms, with the
    kernel K_l = 2 Re(sum_n C_n exp(l dt A_n) (exp(dt A_n) - 1) / A_n).

    Shape:
        a_re, a_im, C_re, C_im: (H, N); log_dt, D: (H,).

    Source: Gu, Gupta, Goel and Re 2022.
    """

    gates = ("",)
    recurrent_gates = ()
    parallel = True
    state_size = 8

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        H, N = hidden_size, self.state_size
        self.a_re = nn.Parameter(torch.full((H, N), log(0.5)))
        self.a_im = nn.Parameter(pi * torch.arange(N).float().repeat(H, 1))
        log_dt = torch.empty(H).uniform_(log(0.001), log(0.1))
        self.log_dt = nn.Parameter(log_dt)
        self.C_re = nn.Parameter(torch.randn(H, N) * sqrt(0.5))
        self.C_im = nn.Parameter(torch.randn(H, N) * sqrt(0.5))
        self.D = nn.Parameter(torch.ones(H))

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        alone = ("a_re", "a_im", "log_dt", "C_re", "C_im", "D")
        return {**super().symbols, **{name: (name,) for name in alone}}

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size, self.state_size),) * 2

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        u_t, C = a_t, torch.complex(self.C_re, self.C_im)
        exponent, write = self._discrete()
        s_prev = torch.complex(*state)
        s_t = torch.exp(exponent) * s_prev + write * u_t[..., None]
        y_t = self._output((C * s_t).real.sum(dim=-1), u_t)
        return y_t, (s_t.real, s_t.imag)

    def forward(
        self, x: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """All steps at once: the convolution, plus what the state adds."""
        state = self.initial_state(len(x)) if state is None else state
        u, T = self.project(x), x.shape[1]
        C, s_0 = torch.complex(self.C_re, self.C_im), torch.complex(*state)
        exponent, write = self._discrete()
        steps = torch.arange(T + 1, device=x.device, dtype=x.dtype)
        powers = torch.exp(exponent[..., None] * steps)  # (H, N, 1 + T)
        kernel = torch.einsum("hn,hnt->th", C * write, powers[..., :T]).real
        spectrum = torch.fft.rfft(u, 2 * T, dim=1)
        spectrum = spectrum * torch.fft.rfft(kernel, 2 * T, dim=0)
        y = torch.fft.irfft(spectrum, 2 * T, dim=1)[:, :T]
        y = y + torch.einsum("bhn,hnt->bth", C * s_0, powers[..., 1:]).real
        faded = powers[..., :T].flip(-1)  # what the last state keeps of each u
        written = torch.einsum("hnt,bth->bhn", faded, u.to(faded.dtype))
        s_T = powers[..., T] * s_0 + write * written
        return self._output(y, u), (s_T.real, s_T.imag)

    def _discrete(self) -> tuple[Tensor, Tensor]:
        """The exponent dt A, and (exp(dt A) - 1) / A, which writes u_t.

        Shape: (H, N), complex.
        """
        A = torch.complex(-torch.exp(self.a_re), self.a_im)
        exponent = torch.exp(self.log_dt)[:, None] * A
        return exponent, torch.expm1(exponent) / A

    def _output(self, y: Tensor, u: Tensor) -> Tensor:
        return F.gelu(2 * y + self.D * u, approximate="tanh")


class SelectiveSSM(Recurrent):
    """The selective state space model: x_t sets its clock, write and read.

    u_t = W_u x_t + b_u,   dt = softplus(W_dt x_t + b_dt)
    B_t = W_B x_t,   C_t = W_C x_t,   A = -exp(A_log)
    s_t = exp(dt A) * s_prev + (dt * u_t) B_t^T
    y_t = s_t C_t + D * u_t

    Where dt is near 0 the state stands still and x_t is passed over; where it
    is large the past is wiped out. N = 8 numbers for each channel; A starts at
    -1 to -N, dt log-uniform in (0.001, 1): the paper's range and more, for
    short sequences. The state is (s_t,), which is a scan.

    Shape:
        weight_bc: (2N, D), W_B and W_C; A_log: (H, N); D: (H,); s_t: (B, H, N).

    Source: Gu and Dao 2023.
    """

    gates = ("_u", "_dt")
    recurrent_gates = ()
    parallel = True
    state_size = 8

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        H, N = hidden_size, self.state_size
        self.weight_bc = nn.Parameter(torch.empty(2 * N, input_size))
        nn.init.xavier_uniform_(self.weight_bc)
        A_log = torch.arange(1, N + 1).float().log()
        self.A_log = nn.Parameter(A_log.repeat(H, 1))
        self.D = nn.Parameter(torch.ones(H))

    def reset_parameters(self) -> None:
        super().reset_parameters()
        dt = torch.empty(self.hidden_size).uniform_(log(0.001), log(1)).exp()
        with torch.no_grad():  # softplus of the bias is dt
            self.bias[self.hidden_size :] = torch.log(torch.expm1(dt))

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {
            **super().symbols,
            "weight_bc": ("W_B", "W_C"),
            "A_log": ("A_log",),
            "D": ("D",),
        }

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size, self.state_size),)

    def project(self, x: Tensor) -> Tensor:
        """What u, dt, B and C are made of: (..., D) -> (..., 2H + 2N)."""
        u_and_dt, b_and_c = super().project(x), F.linear(x, self.weight_bc)
        return torch.cat([u_and_dt, b_and_c], dim=-1)

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        (s_prev,) = state
        keep, new, C_t, skip = self._terms(a_t)
        s_t = keep * s_prev + new
        return (s_t * C_t).sum(dim=-1) + skip, (s_t,)

    def forward(
        self, x: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """All steps at once, s by a scan."""
        (s_0,) = self.initial_state(len(x)) if state is None else state
        keep, new, C, skip = self._terms(self.project(x))
        s = linear_scan(keep, new, s_0)
        return (s * C).sum(dim=-1) + skip, (s[:, -1],)

    def _terms(self, a: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The terms of the step and the output.

        exp(dt A) and dt u B: (..., H, N); C: (..., 1, N); D u: (..., H).
        """
        H, N = self.hidden_size, self.state_size
        u, dt, B, C = a.split([H, H, N, N], dim=-1)
        dt = F.softplus(dt)
        keep = torch.exp(dt[..., None] * -torch.exp(self.A_log))
        new = (dt * u)[..., None] * B[..., None, :]
        return keep, new, C[..., None, :], self.D * u


class RGLRU(Scanned):
    """The real-gated linear recurrent unit: x_t sets how much is kept.

    r, i = sigmoid(W_* x_t + b_*),   u = W_u x_t + b_u
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

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        least = torch.empty(hidden_size).uniform_(0.9, 0.999)  # a where r = 1
        Lambda = torch.log(torch.expm1(-torch.log(least) / 8))
        self.Lambda = nn.Parameter(Lambda)

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {**super().symbols, "Lambda": ("Lambda",)}

    def terms(self, a: Tensor) -> tuple[Tensor, Tensor]:
        a_r, a_i, u = a.chunk(3, dim=-1)
        log_a = -8 * F.softplus(self.Lambda) * torch.sigmoid(a_r)
        rest = -torch.expm1(2 * log_a)  # 1 - a^2
        # The slope of the square root at 0 is infinite: there it is left out.
        scale = torch.where(rest > 0, torch.where(rest > 0, rest, 1).sqrt(), 0)
        return torch.exp(log_a), scale * torch.sigmoid(a_i) * u
