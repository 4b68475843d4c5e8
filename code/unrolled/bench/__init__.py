"""Letters per second in training, against a bare PyTorch loop and against the arithmetic alone.

For each model these loops take turns, round after round in one process, so that other programs
on the machine disturb all of them alike:

- `pytorch`, `keras`, `keras-xla`: our training loop, as `training.fit` runs it between two
  validations, fed by `Examples.batches`; Keras as TensorFlow runs its graph, and compiled by XLA.
- `bare`: the layers of `torch.nn` (`unrolled.bench.bare`), cross-entropy and Adam on tensors made
  beforehand. No clipping, no schedule, no NumPy.
- `limit`: only the model's matrix products (`unrolled.bench.arithmetic`), in the shapes that
  training needs. Ratios are relative to it: no model trains faster than its products run.
- `square`: as many operations in one large square product. A recurrent layer cannot reach its
  rate: h_t needs h_prev, so the T products of (B, H) by (H, G H) cannot become one.

A rate is the median over the rounds, a ratio the median of the ratios of each round.

Our loop does more than the bare one: it clips the gradients, which takes about a twentieth of a
step at the default sizes. PyTorch's fused Adam wins part of that back. The rest is the same short
time in every step: converting the batch from NumPy, calling dropout, waiting for the loss. It
matters most where steps are fastest: the window net, whose step has no recurrence, loses a tenth
in all, the convolutions up to a twelfth, every other model a twentieth or less.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from unrolled import budgets
from unrolled.bench.loops import MODELS, Loop, loops_of
from unrolled.bench.machine import facts_of, same_threads
from unrolled.bench.rows import KERAS, TARGETS, Row, Spread, summarise, table
from unrolled.bench.setting import BUDGETS, Setting, Work, draw
from unrolled.budgets import Budget
from unrolled.errors import UserError

__all__ = ["MODELS", "TARGETS", "Row", "Setting", "Spread", "run", "table"]

Tell = Callable[[str], object]
FEWEST_ROUNDS = 3


def run(
    names: Sequence[str] = tuple(MODELS),
    setting: Setting | None = None,
    budget: Budget | None = None,
    tell: Tell = lambda text: None,
) -> list[Row]:
    """Measures models, one after the other; prints nothing.

    Args:
        names: in `MODELS`.
        setting: what to train, and on what; None: the default.
        budget: how long to measure; None: as `UNROLLED_BUDGET` says.
        tell: called with a line about the current step.

    Raises:
        UserError: there is no such model, or the dictionary does not fill one batch.
    """
    if unknown := [name for name in names if name not in MODELS]:
        raise UserError(f"the bench has no model {unknown[0]}; it has {', '.join(MODELS)}")
    work = BUDGETS[budget or budgets.current()]
    setting = setting or Setting()
    rows = []
    with same_threads(setting.threads) as threads:
        facts = facts_of(threads)
        for name in names:
            tell(f"{name}: compiling")
            drawn, examples = draw(setting, work.steps, MODELS[name].spec.answer)
            loops, flops = loops_of(MODELS[name], drawn, examples, work.square)
            rounds, compiling = _measure(name, loops, work, facts["clock"], tell)
            rows.append(_row(name, drawn, facts, flops, rounds, compiling))
    return rows


def _measure(
    name: str, loops: dict[str, Loop], work: Work, clock: str, tell: Tell
) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Letters per second in every round, and the extra seconds of the first run over the next.

    Args:
        name: of the model.
        loops: those that take turns.
        work: how many turns.
        clock: a function of the module `time`.
        tell: as in `run`.
    """
    first, second = (
        {loop: _seconds(go, time.perf_counter)[1] for loop, go in loops.items()} for _ in range(2)
    )
    rounds: dict[str, list[float]] = {loop: [] for loop in loops}
    stop = time.perf_counter() + work.seconds
    for count in range(work.rounds):
        if count >= FEWEST_ROUNDS and time.perf_counter() > stop:
            break
        tell(f"{name}: round {count + 1} of {work.rounds}")
        for loop, go in loops.items():
            letters, seconds = _seconds(go, getattr(time, clock))
            rounds[loop].append(letters / seconds)
    return rounds, {loop: max(0.0, first[loop] - second[loop]) for loop in loops}


def _seconds(loop: Loop, clock: Callable[[], float]) -> tuple[float, float]:
    """The loop's result, and how long it takes."""
    started = clock()
    return loop(), clock() - started


def _row(
    name: str,
    setting: Setting,
    facts: dict[str, Any],
    flops: float,
    rounds: dict[str, list[float]],
    compiling: dict[str, float],
) -> Row:
    rates, keras, ratios = summarise(rounds)
    return Row(
        model=name,
        setting=asdict(setting),
        facts=facts,
        rates=rates,
        keras=keras,
        ratios=ratios,
        flops_per_letter=flops,
        gflops={loop: rates[loop].median * flops / 1e9 for loop in ("limit", "square")},
        compile_seconds={loop: compiling[loop] for loop in KERAS},
        rounds=rounds,
    )
