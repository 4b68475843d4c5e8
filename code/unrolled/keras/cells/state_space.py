"""Recurrent layers that are linear in their state, in Keras."""

from math import log, pi, sqrt
from typing import Any

from keras import KerasTensor as Tensor
from keras import initializers, ops

from unrolled.keras.cells.base import Recurrent, State
from unrolled.keras.cells.minimal import Scanned
from unrolled.keras.scan import complex_scan, linear_scan

__all__ = ["LRU", "RGLRU", "S4D", "SelectiveSSM"]
Pair = tuple[Tensor, Tensor]  # the real and the imaginary part


def uniform(
    low: float, high: float, shape: tuple[int, ...], dtype: Any
) -> Tensor:
    """Uniform numbers, drawn as by an initialiser of Keras."""
    return initializers.RandomUniform(low, high)(shape, dtype)


def gelu(a: Tensor) -> Tensor:
    """The Gaussian error linear unit with tanh.

    In float64, TensorFlow's own is exact to no more than 1e-8.
    """
    return 0.5 * a * (1 + ops.tanh(sqrt(2 / pi) * (a + 0.044715 * a * a * a)))


def times(p: Pair, q: Pair) -> Pair:
    """The product of complex numbers."""
    return p[0] * q[0] - p[1] * q[1], p[0] * q[1] + p[1] * q[0]


def convolve(u: Tensor, kernel: Tensor) -> Tensor:
    """y_t = sum over l of kernel_l * u_(t - l), by Fourier transforms.

    The transforms have twice the length: shorter ones would wrap around.

    Shape: u (B, T, H), kernel (H, T); returns (B, T, H).
    """
    length = 2 * u.shape[1]
    spectrum = ops.rfft(ops.transpose(u, (0, 2, 1)), fft_length=length)
    product = times(spectrum, ops.rfft(kernel, fft_length=length))
    y = ops.irfft(product, fft_length=length)[..., : u.shape[1]]
    return ops.transpose(y, (0, 2, 1))


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
        ring: (2H,), nu and gamma; theta: (H,); input_kernel: (D, 2H), Re B and
        Im B; output_kernel: (H, 2H), Re C and Im C; kernel: (D, H), the D of
        the equation.

    Source: Orvieto and others 2023.
    """

    gates = ("",)
    recurrent_gates = ()
    parallel = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        D, H = input_shape[-1], self.hidden_size
        assert D is not None

        def weight(name: str, start: Any, *shape: int) -> Any:
            return self.add_weight(shape=shape, initializer=start, name=name)

        self.ring = weight("ring", self.initial_ring, 2 * H)
        self.theta = weight("theta", self.initial_theta, H)
        start = initializers.RandomNormal(stddev=1 / sqrt(2 * D))
        self.input_kernel = weight("input_kernel", start, D, 2 * H)
        start = initializers.RandomNormal(stddev=1 / sqrt(H))
        self.output_kernel = weight("output_kernel", start, H, 2 * H)

    def initial_ring(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        H = self.hidden_size
        square = uniform(0.9**2, 0.999**2, (H,), dtype)  # |lambda|^2
        nu, gamma = ops.log(-ops.log(square) / 2), ops.sqrt(1 - square)
        return ops.concatenate([nu, gamma])

    def initial_theta(
        self, shape: tuple[int, ...], dtype: Any = None
    ) -> Tensor:
        return ops.log(uniform(0, 2 * pi, shape, dtype))

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        pairs = {
            "input_kernel": ("B_re", "B_im"),
            "output_kernel": ("C_re", "C_im"),
        }
        ring = {"ring": ("nu", "gamma"), "theta": ("theta",)}
        return {"kernel": ("D",), "bias": ("b",), **pairs, **ring}

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size,),) * 2

    def project(self, x: Tensor) -> Tensor:
        """Both parts of gamma * B x, and D x + b: (..., D) -> (..., 3H)."""
        _, gamma = ops.split(self.ring, 2)
        v = ops.matmul(x, self.input_kernel) * ops.tile(gamma, [2])
        return ops.concatenate([v, super().project(x)], axis=-1)

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        v_re, v_im, skip = ops.split(a_t, 3, axis=-1)
        kept = times(self._lambda(), state)
        re, im = kept[0] + v_re, kept[1] + v_im
        return self._output(re, im, skip), (re, im)

    def call(
        self, x: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """All steps at once, s by a scan."""
        re, im = self.initial_state(ops.shape(x)[0]) if state is None else state
        v_re, v_im, skip = ops.split(self.project(x), 3, axis=-1)
        shape = (1, x.shape[1], self.hidden_size)
        l_re, l_im = (ops.broadcast_to(part, shape) for part in self._lambda())
        re, im = complex_scan((l_re, l_im), (v_re, v_im), (re, im))
        return self._output(re, im, skip), (re[:, -1], im[:, -1])

    def _lambda(self) -> tuple[Tensor, Tensor]:
        """The real and imaginary part of lambda. Shape: (H,)."""
        nu, _ = ops.split(self.ring, 2)
        radius, angle = ops.exp(-ops.exp(nu)), ops.exp(self.theta)
        return radius * ops.cos(angle), radius * ops.sin(angle)

    def _output(self, re: Tensor, im: Tensor, skip: Tensor) -> Tensor:
        """The output from the state. Shape: (..., H)."""
        C_re, C_im = ops.split(self.output_kernel, 2, axis=-1)
        return gelu(ops.matmul(re, C_re) - ops.matmul(im, C_im) + skip)


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

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        H, N = self.hidden_size, self.state_size

        def weight(name: str, start: Any, *shape: int) -> Any:
            return self.add_weight(shape=shape, initializer=start, name=name)

        self.a_re = weight("a_re", initializers.Constant(log(0.5)), H, N)
        self.a_im = weight("a_im", self.initial_a_im, H, N)
        start = initializers.RandomUniform(log(0.001), log(0.1))
        self.log_dt = weight("log_dt", start, H)
        start = initializers.RandomNormal(stddev=sqrt(0.5))
        self.C_re = weight("C_re", start, H, N)
        start = initializers.RandomNormal(stddev=sqrt(0.5))
        self.C_im = weight("C_im", start, H, N)
        self.D = weight("D", "ones", H)

    def initial_a_im(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        return ops.broadcast_to(pi * ops.arange(shape[1], dtype=dtype), shape)

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        alone = ("a_re", "a_im", "log_dt", "C_re", "C_im", "D")
        return {**super().symbols, **{name: (name,) for name in alone}}

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size, self.state_size),) * 2

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        u_t, C = a_t, (self.C_re, self.C_im)
        (decay, turn), write = self._discrete()
        keep = ops.exp(decay) * ops.cos(turn), ops.exp(decay) * ops.sin(turn)
        re, im = times(keep, state)
        re = re + write[0] * u_t[..., None]
        im = im + write[1] * u_t[..., None]
        y_t = ops.sum(times(C, (re, im))[0], axis=-1)
        return self._output(y_t, u_t), (re, im)

    def call(
        self, x: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """All steps at once: the convolution, plus what the state adds."""
        s_0 = self.initial_state(ops.shape(x)[0]) if state is None else state
        u, T, C = self.project(x), x.shape[1], (self.C_re, self.C_im)
        (decay, turn), write = self._discrete()
        steps = ops.arange(T + 1, dtype=u.dtype)
        size, angle = ops.exp(decay[..., None] * steps), turn[..., None] * steps
        powers = size * ops.cos(angle), size * ops.sin(angle)  # (H, N, 1 + T)
        before = [part[..., :T] for part in powers]
        after = [part[..., 1:] for part in powers]
        y = convolve(u, _real("hn,hnt->ht", times(C, write), before))
        y = y + _real("bhn,hnt->bth", times(C, s_0), after)
        # What the last state keeps of each u
        faded = [ops.flip(part, -1) for part in before]
        re, im = (ops.einsum("hnt,bth->bhn", part, u) for part in faded)
        kept = times((powers[0][..., T], powers[1][..., T]), s_0)
        added = times(write, (re, im))
        return self._output(y, u), (kept[0] + added[0], kept[1] + added[1])

    def _discrete(self) -> tuple[Pair, Pair]:
        """The exponent dt A, and (exp(dt A) - 1) / A, which writes u_t.

        Shape: (H, N) each, in pairs of the real and the imaginary part.
        """
        A_re, A_im = -ops.exp(self.a_re), self.a_im
        dt = ops.exp(self.log_dt)[:, None]
        decay, turn = dt * A_re, dt * A_im
        # exp(dt A) - 1, exact where dt A is near 0
        re = ops.expm1(decay) * ops.cos(turn)
        re = re - 2 * ops.square(ops.sin(turn / 2))
        square = A_re * A_re + A_im * A_im
        im = ops.exp(decay) * ops.sin(turn)
        inverse = A_re / square, -A_im / square  # 1 / A
        return (decay, turn), times((re, im), inverse)

    def _output(self, y: Tensor, u: Tensor) -> Tensor:
        return gelu(2 * y + self.D * u)


def _real(equation: str, p: Any, q: Any) -> Tensor:
    """The real part of a sum of products of complex numbers."""
    return ops.einsum(equation, p[0], q[0]) - ops.einsum(equation, p[1], q[1])


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
        bc_kernel: (D, 2N), W_B and W_C; A_log: (H, N); D: (H,); s_t: (B, H, N).

    Source: Gu and Dao 2023.
    """

    gates = ("_u", "_dt")
    recurrent_gates = ()
    parallel = True
    state_size = 8

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        H, N = self.hidden_size, self.state_size
        self.bc_kernel = self.add_weight(
            shape=(input_shape[-1], 2 * N),
            initializer="glorot_uniform",
            name="bc_kernel",
        )
        self.A_log = self.add_weight(
            shape=(H, N), initializer=self.initial_a_log, name="A_log"
        )
        self.D = self.add_weight(shape=(H,), initializer="ones", name="D")

    def initial_bias(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        dt = ops.exp(uniform(log(0.001), log(1), (self.hidden_size,), dtype))
        b_dt = ops.log(ops.expm1(dt))  # softplus of it is dt
        return ops.concatenate([ops.zeros_like(dt), b_dt])

    def initial_a_log(
        self, shape: tuple[int, ...], dtype: Any = None
    ) -> Tensor:
        A = ops.arange(1, shape[1] + 1, dtype=dtype)
        return ops.broadcast_to(ops.log(A), shape)

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {
            **super().symbols,
            "bc_kernel": ("W_B", "W_C"),
            "A_log": ("A_log",),
            "D": ("D",),
        }

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size, self.state_size),)

    def project(self, x: Tensor) -> Tensor:
        """What u, dt, B and C are made of: (..., D) -> (..., 2H + 2N)."""
        u_and_dt, b_and_c = super().project(x), ops.matmul(x, self.bc_kernel)
        return ops.concatenate([u_and_dt, b_and_c], axis=-1)

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        (s_prev,) = state
        keep, new, C_t, skip = self._terms(a_t)
        s_t = keep * s_prev + new
        return ops.sum(s_t * C_t, axis=-1) + skip, (s_t,)

    def call(
        self, x: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """All steps at once, s by a scan."""
        (s_0,) = self.initial_state(ops.shape(x)[0]) if state is None else state
        keep, new, C, skip = self._terms(self.project(x))
        s = linear_scan(keep, new, s_0)
        return ops.sum(s * C, axis=-1) + skip, (s[:, -1],)

    def _terms(self, a: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The terms of the step and the output.

        exp(dt A) and dt u B: (..., H, N); C: (..., 1, N); D u: (..., H).
        """
        H, N = self.hidden_size, self.state_size
        u, dt, B, C = ops.split(a, [H, 2 * H, 2 * H + N], axis=-1)
        dt = ops.softplus(dt)
        keep = ops.exp(dt[..., None] * -ops.exp(self.A_log))
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

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        self.Lambda = self.add_weight(
            shape=(self.hidden_size,),
            initializer=self.initial_lambda,
            name="Lambda",
        )

    def initial_lambda(
        self, shape: tuple[int, ...], dtype: Any = None
    ) -> Tensor:
        least = uniform(0.9, 0.999, shape, dtype)  # a where r = 1
        return ops.log(ops.expm1(-ops.log(least) / 8))

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {**super().symbols, "Lambda": ("Lambda",)}

    def terms(self, a: Tensor) -> tuple[Tensor, Tensor]:
        a_r, a_i, u = ops.split(a, 3, axis=-1)
        log_a = -8 * ops.softplus(self.Lambda) * ops.sigmoid(a_r)
        rest = -ops.expm1(2 * log_a)  # 1 - a^2
        # The slope of the square root at 0 is infinite: there it is left out.
        scale = ops.where(rest > 0, ops.sqrt(ops.where(rest > 0, rest, 1)), 0)
        return ops.exp(log_a), scale * ops.sigmoid(a_i) * u
