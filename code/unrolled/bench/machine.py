"""The machine that runs the bench: its threads, its clock and its facts."""

import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tensorflow as tf
import torch

from unrolled import models

CPU_INFO = Path("/proc/cpuinfo")  # where Linux names the processor
FINE_CLOCK = 1e-4  # seconds; Windows counts processor time in steps of 16 milliseconds


@contextmanager
def same_threads(wanted: int | None) -> Iterator[dict[str, int]]:
    """Runs both frameworks on the same number of threads; yields how many each has.

    TensorFlow accepts a number only before its first operation. If it came too late, the yielded
    numbers differ.
    """
    before = torch.get_num_threads()
    count, threading = wanted or before, tf.config.threading
    try:
        threading.set_intra_op_parallelism_threads(count)
        threading.set_inter_op_parallelism_threads(count)
    except RuntimeError:
        pass
    torch.set_num_threads(count)
    try:
        cores = os.cpu_count() or 1
        yield {
            "pytorch": torch.get_num_threads(),
            "keras": threading.get_intra_op_parallelism_threads() or cores,
        }
    finally:
        torch.set_num_threads(before)


def facts_of(threads: dict[str, int]) -> dict[str, Any]:
    """The facts that the rates depend on.

    With one thread the clock is the processor time of this process, which other programs hardly
    affect. With more it is the wall-clock time, since threads wait for one another.
    """
    fine = time.get_clock_info("process_time").resolution <= FINE_CLOCK
    alone = set(threads.values()) == {1} and fine
    return {
        "cpu": _cpu_name(),
        "cores": os.cpu_count() or 1,
        "threads": threads,
        "clock": "process_time" if alone else "perf_counter",
        "load": None if sys.platform == "win32" else os.getloadavg()[0],
        "platform": platform.platform(),
        "versions": {
            "python": platform.python_version(),
            **models.versions("pytorch"),
            **models.versions("keras"),
        },
    }


def _cpu_name() -> str:
    lines = CPU_INFO.read_text("utf-8").splitlines() if CPU_INFO.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
