"""The results of the bench, as numbers and as a table."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.table import Table

KERAS = ("keras", "keras-xla")
TARGETS = {"pytorch/bare": 0.95, "keras/pytorch": 0.7}
RATIOS = (*TARGETS, "pytorch/limit", "keras/limit", "bare/limit", "limit/square")


@dataclass(frozen=True)
class Spread:
    """The median of some measurements, the lowest and the highest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """The spread of at least one value."""
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True)
class Row:
    """The results for one model; `dataclasses.asdict` prepares it for JSON.

    Args:
        model: its name in `MODELS`.
        setting: what was trained, and on what.
        facts: the machine, the versions, the clock.
        rates: letters per second of each loop.
        keras: the faster of the two Keras loops, which is the `keras` of the ratios.
        ratios: of the rates of two loops.
        flops_per_letter: multiplications and additions in all matrix products.
        gflops: billions of them per second, in `limit` and in `square`.
        compile_seconds: the Keras loops' one-time cost before the first round; in no rate.
        rounds: letters per second of each loop in every round.
    """

    model: str
    setting: dict[str, Any]
    facts: dict[str, Any]
    rates: dict[str, Spread]
    keras: str
    ratios: dict[str, Spread]
    flops_per_letter: float
    gflops: dict[str, float]
    compile_seconds: dict[str, float]
    rounds: dict[str, list[float]]


def summarise(
    rounds: Mapping[str, Sequence[float]],
) -> tuple[dict[str, Spread], str, dict[str, Spread]]:
    """The rates, the faster Keras loop, and the ratios, from every loop's rate in each round."""
    rates = {loop: Spread.of(values) for loop, values in rounds.items()}
    keras = max(KERAS, key=lambda loop: rates[loop].median)
    ratios = {}
    for name in RATIOS:
        over, under = (rounds[keras if loop == "keras" else loop] for loop in name.split("/"))
        ratios[name] = Spread.of([a / b for a, b in zip(over, under, strict=True)])
    return rates, keras, ratios


def table(rows: Sequence[Row]) -> Table:
    """Rates and ratios, a block of lines for each model; the caption says what they depend on."""
    drawn = Table(
        title=_title(rows[0]),
        caption=_caption(rows),
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
    )
    for column in ("model", "loop"):
        drawn.add_column(column)
    for column in ("1000 letters/s", "low-high", "of bare", "of PyTorch", "of limit"):
        drawn.add_column(column, justify="right")
    for row in rows:
        for loop, rate in row.rates.items():
            drawn.add_row(
                row.model if loop == "pytorch" else "",
                loop,
                f"{rate.median / 1000:.0f}",
                f"{rate.low / 1000:.0f}-{rate.high / 1000:.0f}",
                *(_ratio(row, loop, to) for to in ("bare", "pytorch", "limit")),
                end_section=loop == "square",
            )
    return drawn


def _ratio(row: Row, loop: str, to: str) -> str:
    """A ratio with its range; empty if there is none or if the other Keras loop is quoted."""
    name = f"{'keras' if loop == row.keras else loop}/{to}"
    if name not in row.ratios or (loop in KERAS and loop != row.keras):
        return ""
    ratio = row.ratios[name]
    text = f"{ratio.median:.2f}"
    if name not in TARGETS:
        return text
    colour = "green" if ratio.median >= TARGETS[name] else "red"
    return f"[{colour}]{text}[/] ({ratio.low:.2f}-{ratio.high:.2f})"


def _title(row: Row) -> str:
    s = row.setting
    words = "words of the dictionary" if s["real"] else f"words of {s['length']} letters"
    return (
        f"Letters a second in training: {s['hidden_size']} hidden units, embedding "
        f"{s['embedding_size']}, batches of {s['batch_size']} {words}"
    )


def _caption(rows: Sequence[Row]) -> str:
    """The arithmetic, the compile times, the targets, the machine."""
    facts, lines = rows[0].facts, []
    for row in rows:
        spent = ", ".join(f"{loop} {row.compile_seconds[loop]:.1f} s" for loop in KERAS)
        lines += [
            f"{row.model}: {row.flops_per_letter / 1000:.0f} thousand operations a letter, "
            f"limit {row.gflops['limit']:.0f} and square {row.gflops['square']:.0f} GFLOP/s",
            f"    {len(row.rounds['bare'])} rounds; compiling took {spent}",
        ]
    lines.append("targets: " + ", ".join(f"{name} {least}" for name, least in TARGETS.items()))
    threads = ", ".join(f"{name} {count}" for name, count in facts["threads"].items())
    clock = {"process_time": "processor time", "perf_counter": "elapsed time"}[facts["clock"]]
    load = "" if facts["load"] is None else f"; load at the start {facts['load']:.1f}"
    lines.append(f"{facts['cpu']}, {facts['cores']} cores; threads: {threads}; {clock}{load}")
    lines.append(", ".join(f"{name} {version}" for name, version in facts["versions"].items()))
    return "\n".join([*lines, *_warning(facts)])


def _warning(facts: Mapping[str, Any]) -> list[str]:
    """How to take the numbers if other programs were busy."""
    busy = facts["load"] is not None and facts["load"] > facts["cores"] / 2
    if not busy or facts["clock"] == "process_time":
        return []
    return [
        "Other programs are busy. The threads of one product wait for each other, so rates are too "
        "low, PyTorch's most of all.",
        "One thread (--threads 1) is measured by its processor time and hardly disturbed.",
    ]
