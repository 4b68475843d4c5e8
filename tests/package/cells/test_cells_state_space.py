"""What sets the layers apart that are linear in their state: decay, sampling, selection."""

import numpy as np
import pytest
import tensorflow as tf
import torch
import unrolled.keras.cells as keras_cells
import unrolled.torch.cells as torch_cells
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm
from three_frameworks import Trio, all_close, close
from unrolled.cells import FAMILIES
from unrolled.models import parity

NAMES = FAMILIES["state space"]
seeds = st.integers(0, 1000)
quick = settings(deadline=None, max_examples=20)


def give(trio, **parameters):
    """Put parameters by their symbols into all three layers."""
    for name, value in parameters.items():
        trio.numpy.parameters[name][...] = value
    for layer in (trio.torch, trio.keras):
        parity.assign(layer, trio.numpy.parameters)


def readers(trio):
    """Every way to read a sequence."""
    yield trio.numpy.forward
    for read, whole in ((trio.in_torch, "forward"), (trio.in_keras, "call")):
        for how in (whole, "unroll"):
            yield lambda x, state=None, read=read, how=how: read(x, state, how)


def impulse(T, D, at):
    """A one in feature `at` of the first step of one sequence, and nothing else."""
    x = np.zeros((1, T, D))
    x[0, 0, at] = 1
    return x


@pytest.mark.parametrize("name", NAMES)
def test_the_parallel_form_is_near_the_loop_in_single_precision(name):
    torch.manual_seed(0)
    layer, x = torch_cells.CELLS[name](3, 16), torch.randn(2, 700, 3)
    keras_layer = keras_cells.CELLS[name](16)
    keras_layer.build((None, None, 3))
    parity.carry(layer, keras_layer)
    with torch.no_grad():
        loop, last = layer.unroll(x)
        size = loop.abs().max()
        for outputs, end in (layer(x), keras_layer(x.numpy())):
            close(outputs / size, loop / size, 1e-4)
            all_close(end, last, 1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_the_state_is_read_linearly(name):
    """What the state before adds to the state after is linear in it."""
    trio = Trio(name)
    x, one, two = trio.input(), trio.state(seed=5), trio.state(seed=6)
    for read in readers(trio):
        zero = read(x)[1]
        mixed = read(x, tuple(3 * p - 2 * q for p, q in zip(one, two, strict=True)))[1]
        parts = zip(read(x, one)[1], read(x, two)[1], zero, strict=True)
        all_close(mixed, [3 * (p - z) - 2 * (q - z) + z for p, q, z in parts], 1e-9)


# The linear recurrent unit


@quick
@given(st.floats(-20, 5), st.floats(-5, 5), seeds)
def test_each_unit_of_the_lru_fades_whatever_its_parameters(nu, theta, seed):
    trio = Trio("lru", seed=seed)
    give(trio, nu=nu, theta=theta)
    state, nothing = trio.state(seed=seed), np.zeros((2, 1, 3))
    for read in (trio.numpy.forward, trio.in_torch, trio.in_keras):
        re, im = read(nothing, state)[1]
        assert (re**2 + im**2 < state[0] ** 2 + state[1] ** 2).all()


LIFT = 60.0  # so far up the gelu is the identity


def test_the_lru_is_linear_in_its_input_before_the_gelu():
    trio = Trio("lru")
    give(trio, b=LIFT)
    one, two = trio.input(seed=7), trio.input(seed=8)
    for read in readers(trio):
        apart = 3 * (read(one)[0] - LIFT) - 2 * (read(two)[0] - LIFT)
        close(read(3 * one - 2 * two)[0] - LIFT, apart, 1e-9)


def test_an_impulse_turns_and_fades_in_the_lru():
    trio = Trio("lru")
    give(trio, b=LIFT)
    p, steps = trio.numpy.parameters, np.arange(8)[:, None]
    B, C = p["B_re"] + 1j * p["B_im"], p["C_re"] + 1j * p["C_im"]
    radius, angle = np.exp(-np.exp(p["nu"])), np.exp(p["theta"])
    powers = radius**steps * np.exp(1j * angle * steps)  # (T, H)
    for at in range(trio.D):
        response = ((powers * p["gamma"] * B[:, at]) @ C.T).real
        response[0] += p["D"][:, at]
        for read in readers(trio):
            close(read(impulse(8, 3, at))[0][0] - LIFT, response)


def test_the_lru_starts_in_a_ring_at_a_size_that_lasts():
    """Fed with white noise, each unit's state has a mean square of about one, slow or fast."""
    torch.manual_seed(0)
    layer = torch_cells.LRU(16, 32)
    with torch.no_grad():
        radius = torch.exp(-torch.exp(layer.nu))
        squares = layer.weight_in.reshape(2, 32, 16).square().sum(dim=(0, 2))
        layer.weight_in.div_(squares.sqrt().repeat(2)[:, None])  # |B x|^2 is one in the mean
        _, (re, im) = layer(torch.randn(200, 800, 16))
    assert ((radius > 0.9) & (radius < 0.999)).all()
    assert radius.max() - radius.min() > 0.05
    close((re**2 + im**2).mean(dim=0), np.ones(32), 0.35)
    assert float((re**2 + im**2).mean()) == pytest.approx(1, abs=0.1)


# The diagonal state space model


def quiet(seed=0):
    """An S4D whose gelu is the identity: the input is far up, the state's share small."""
    trio = Trio("s4d", seed=seed)
    p = trio.numpy.parameters
    give(trio, b=200, D=1, C_re=0.02 * p["C_re"], C_im=0.02 * p["C_im"])
    return trio


def test_the_kernel_is_the_answer_of_the_loop_to_an_impulse():
    trio = quiet()
    p, steps = trio.numpy.parameters, np.arange(9)
    A, dt = -np.exp(p["a_re"]) + 1j * p["a_im"], np.exp(p["log_dt"])[:, None]
    C = p["C_re"] + 1j * p["C_im"]
    first = C * (np.exp(dt * A) - 1) / A
    kernel = 2 * np.einsum("hn,hnl->lh", first, np.exp((dt * A)[..., None] * steps)).real
    kernel[0] += p["D"]
    for read in readers(trio):
        answer = read(impulse(9, 3, 1))[0] - read(np.zeros((1, 9, 3)))[0]
        close(answer[0], kernel * p["W"][:, 1])


def test_the_sampling_is_the_matrix_exponential():
    """While u is held, (s, u)' = [[A, 1], [0, 0]] (s, u)."""
    trio = Trio("s4d")
    p, N = trio.numpy.parameters, trio.numpy.state_size
    re, im = trio.state(B=1)
    x_t = trio.input(B=1)[:, :1]
    u_t = (x_t[0, 0] @ p["W"].T) + p["b"]
    for read in readers(trio):
        _, (new_re, new_im) = read(x_t, (re, im))
        for h in range(trio.H):
            system = np.zeros((N + 1, N + 1), complex)
            system[:N, :N] = np.diag(-np.exp(p["a_re"][h]) + 1j * p["a_im"][h])
            system[:N, N] = 1
            after = expm(np.exp(p["log_dt"][h]) * system) @ [*(re + 1j * im)[0, h], u_t[h]]
            close((new_re + 1j * new_im)[0, h], after[:N])


def test_half_the_step_and_twice_the_samples_are_the_same_signal():
    """Exactly for an input that is held; for a smooth one, the finer the sampling the closer."""
    trio = quiet()
    log_dt = np.log(0.2)

    def answer(x, halvings):
        give(trio, log_dt=log_dt - halvings * np.log(2))
        return trio.in_torch(x)[0][:, -1]

    x = trio.input(T=10)
    close(answer(x, 0), answer(np.repeat(x, 2, axis=1), 1))

    def smooth(halvings):
        points = 40 * 2**halvings
        time = (1 + np.arange(points)) / points
        return answer(np.sin([[6 * time, 5 * time, 4 * time]]).transpose(0, 2, 1), halvings)

    ends = [smooth(halvings) for halvings in (2, 3, 4, 5)]
    first, second, third = (np.abs(np.diff(ends, axis=0)).max(axis=(1, 2))).tolist()
    assert first > 1e-4
    assert second / first == pytest.approx(0.5, abs=0.1)
    assert third / second == pytest.approx(0.5, abs=0.05)


# The selective state space model


def test_where_the_clock_stands_still_so_does_the_state():
    trio = Trio("selective-ssm")
    give(trio, W_dt=0, b_dt=-40)
    p, x, (s,) = trio.numpy.parameters, trio.input(), trio.state()
    skip = p["D"] * (x @ p["W_u"].T + p["b_u"])
    for read in readers(trio):
        outputs, (last,) = read(x, (s,))
        close(last, s)
        close(outputs, np.einsum("bhn,btn->bth", s, x @ p["W_C"].T) + skip)


def test_where_the_clock_leaps_the_past_is_overwritten():
    trio = Trio("selective-ssm")
    give(trio, W_dt=0, b_dt=60)
    p, x = trio.numpy.parameters, trio.input(T=1)
    x_t = x[:, 0]
    written = 60 * (x_t @ p["W_u"].T + p["b_u"])[:, :, None] * (x_t @ p["W_B"].T)[:, None]
    for read in readers(trio):
        close(read(x, trio.state())[1][0], written)


def test_untouched_the_state_decays_at_its_rates():
    """Each of the N numbers at its own, all of them faster where dt is larger."""
    trio = Trio("selective-ssm")
    give(trio, W_u=0, b_u=0, W_dt=0, b_dt=np.log(np.expm1([0.01, 0.1, 0.5, 1, 2])))
    dt = np.array([0.01, 0.1, 0.5, 1, 2])[:, None]
    (s,) = trio.state(seed=9)
    s = s + 1
    rates = np.exp(trio.numpy.parameters["A_log"])
    for read in readers(trio):
        close(read(trio.input(T=4), (s,))[1][0], s * np.exp(-4 * dt * rates))


def test_it_remembers_what_is_marked_and_passes_over_the_rest():
    """Which no layer with a fixed decay can: the gap between the two has any length."""
    trio = Trio("selective-ssm")
    give(trio, W_dt=[[80, 0, 0]] * 5, b_dt=0)  # the first feature marks
    marked = torch.tensor([-1.0, 1, -1, -1, -1, -1, -1])
    x = torch.from_numpy(trio.input(B=1, T=7))
    x[0, :, 0] = marked
    x.requires_grad_()
    _, (last,) = trio.torch(x)
    (by,) = torch.autograd.grad(last.square().sum(), x)
    felt = by.abs().sum(dim=(0, 2))
    assert felt[1] > 1e-2
    assert (felt[marked < 0] < 1e-12).all()


# The real-gated linear recurrent unit


@quick
@given(st.floats(-12, 3), st.floats(-8, 8), seeds)
def test_what_is_kept_lies_between_nothing_and_everything(start, b_r, seed):
    trio = Trio("rg-lru", seed=seed)
    give(trio, Lambda=start, b_r=b_r, W_u=0, b_u=0)
    h = np.ones((2, 5))
    for read in (trio.numpy.forward, trio.in_torch, trio.in_keras):
        a = read(trio.input(T=1, seed=seed), (h,))[0]
        assert ((a > 0) & (a < 1)).all()


def test_the_root_keeps_the_size_of_white_noise():
    """However slow the unit. With 1 - a in the root's place the slowest would fall to a tenth."""
    torch.manual_seed(0)
    layer, a = torch_cells.RGLRU(4, 4), torch.tensor([0.1, 0.5, 0.9, 0.98])
    with torch.no_grad():
        layer.weight_ih.zero_()
        layer.weight_ih[8:] = torch.eye(4)
        layer.bias.copy_(torch.tensor([50.0, 50, 0]).repeat_interleave(4))  # r = i = 1
        layer.Lambda.copy_(torch.log(torch.expm1(-torch.log(a) / 8)))
        h, _ = layer(torch.randn(400, 300, 4))
    close(h[:, 200:].square().mean(dim=(0, 1)), np.ones(4), 0.1)


def test_a_shut_recurrence_gate_keeps_the_state_exactly():
    trio = Trio("rg-lru")
    give(trio, W_r=0, b_r=-1e4)
    (h,) = trio.state()
    for read in readers(trio):
        outputs, (last,) = read(trio.input(), (h,))
        close(last, h, 0)
        close(outputs, np.repeat(h[:, None], 6, axis=1), 0)


@pytest.mark.parametrize("b_r", [-1e4, -95.0, -60.0, -20.0, 20.0])
@pytest.mark.parametrize("start", [-200.0, -30.0, 0.0, 40.0])
def test_the_root_has_a_slope_where_nothing_is_left_under_it(b_r, start):
    """In single precision, where 1 - a^2 is 0 or next to it."""
    layer = torch_cells.RGLRU(3, 5)
    with torch.no_grad():
        layer.bias[:5] = b_r
        layer.Lambda.fill_(start)
    other = keras_cells.RGLRU(5)
    other.build((None, None, 3))
    parity.carry(layer, other)
    x = torch.randn(2, 6, 3)
    outputs, _ = layer(x)
    outputs.sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in layer.parameters())
    with tf.GradientTape() as tape:
        keras_outputs, _ = other(x.numpy())
        loss = tf.reduce_sum(keras_outputs)
    close(keras_outputs, outputs.detach(), 1e-5)
    for gradient in tape.gradient(loss, other.trainable_variables):
        assert np.isfinite(gradient).all()


def test_it_starts_by_forgetting_between_a_tenth_and_a_thousandth():
    torch.manual_seed(0)
    layer = torch_cells.RGLRU(3, 256)
    with torch.no_grad():
        a = torch.exp(-8 * torch.nn.functional.softplus(layer.Lambda))
    assert 0.9 <= float(a.min()) < 0.91
    assert 0.99 < float(a.max()) <= 0.999
