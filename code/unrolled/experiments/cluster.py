"""Runs the missing runs of a suite on a Ray cluster, each as one task; records them here.

A machine of the cluster trains as `runner.work` does, in its own cache folder, and never touches
the store: the row is sent back to the process that started the run, which alone records it. Ray,
the optional extra `cluster`, is imported only when a cluster is used.
"""

import hashlib
import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console

import unrolled
from unrolled import packages, training
from unrolled.budgets import Budget
from unrolled.errors import UserError
from unrolled.experiments import runner
from unrolled.experiments.run import Run
from unrolled.files import atomic_write
from unrolled.models import saved
from unrolled.tasks.pronunciation.cache import cache_folder

RETRIES = 3  # for a run whose machine is lost
PATIENCE = 60  # seconds to wait for the processes of a lost machine to end
LOOK_AGAIN = 5  # seconds between counts of the machines, which may come and go


def work(
    suite: str, folder: Path, address: str, console: Console | None = None
) -> Iterator[dict[str, Any]]:
    """Does every missing run on a Ray cluster and yields its row once it is recorded.

    As many runs are under way as the cluster has processors, each on one thread. A run whose
    machine is lost is repeated on another. If this process is stopped, an unfinished run stays on
    its machine and resumes from its last epoch when that machine gets the run again. A run that
    was started without a cluster starts afresh on it.

    Args:
        suite: a name in `suite.SUITES`.
        folder: where runs are claimed, as in `runner.work`: both may work at once.
        address: HOST:PORT of the cluster's head. This machine must be part of the cluster.
        console: where each run is named as it is submitted; None prints nothing.

    Raises:
        UserError: as in `runner.work`; or Ray is not installed, there is no such cluster, a
            machine has another version of this package, or a run was lost too often.
    """
    todo, folder = runner.prepared(suite, folder)
    claims, at = _claimed(todo, suite, folder), runner.commit()
    tasks = _Tasks(_connected(address), suite)
    try:
        while (started := list(islice(claims, tasks.free()))) or tasks.under_way:
            for run, claim in started:
                if (row := runner.elsewhere(run)) is not None:
                    with claim:
                        _record(suite, run, row, None, folder)
                        yield row
                    continue
                tasks.start(run, claim)
                if console is not None:
                    console.print(f"{run.name} ({run.budget})  handed out")
            for run, claim, done in tasks.ended():
                with claim, suppress(saved.BusyError):
                    result = tasks.result(run, done)
                    row = {**result["row"], "commit": at}
                    _record(suite, run, row, result["checkpoint"], folder)
                    tasks.tidy(run, result["node"])
                    yield row
    finally:
        tasks.stop()


def _claimed(todo: list[Run], suite: str, folder: Path) -> Iterator[tuple[Run, ExitStack]]:
    """The runs that no other process is doing or has recorded, each with the lock on it."""
    for run in todo:
        with suppress(saved.BusyError), ExitStack() as claim:
            claim.enter_context(saved.reserved(runner.unfinished(run, folder)))
            if run in runner.missing(suite):
                yield run, claim.pop_all()


def _record(
    suite: str, run: Run, row: dict[str, Any], checkpoint: bytes | None, folder: Path
) -> None:
    path = runner.unfinished(run, folder)
    if checkpoint is not None:
        with atomic_write(path) as file:
            file.write(checkpoint)
    runner.record(suite, run, row, folder)
    training.partial(path).unlink(missing_ok=True)  # it may have been started here


def _connected(address: str) -> Any:
    """Ray, connected to a cluster.

    Raises:
        UserError: Ray is not installed, or no cluster of its version answers at the address.
    """
    os.environ.setdefault("RAY_NUM_REDIS_GET_RETRIES", "1")  # or it tries for a quarter of an hour
    try:
        import ray
        import ray.util.scheduling_strategies
    except ImportError:
        raise packages.not_installed("ray") from None
    try:
        where = urlsplit(f"//{address}")
        if not where.hostname or where.port is None:
            raise ValueError("it is not HOST:PORT")
        socket.create_connection((where.hostname, where.port), timeout=10).close()
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError) as error:
        raise UserError(
            f"no Ray cluster to work with at {address}: {error}; start one by "
            "`ray start --head` and give the address that it prints"
        ) from None
    return ray


class _Tasks:
    """The runs of a suite that have been submitted to a cluster."""

    def __init__(self, ray: Any, suite: str) -> None:
        self.ray, self.suite, self.code = ray, suite, fingerprint()
        self.under_way: dict[Any, tuple[Run, ExitStack]] = {}
        self._tidied: list[Any] = []
        self._train = ray.remote(num_cpus=1, max_retries=RETRIES)(_shipped("train"))
        self._tidy = ray.remote(num_cpus=0, max_retries=0)(_shipped("tidy"))

    def free(self) -> int:
        """How many more runs the cluster has processors for; at least one if it is idle."""
        processors = int(self.ray.cluster_resources().get("CPU", 0))
        return max(processors - len(self.under_way), 0 if self.under_way else 1)

    def start(self, run: Run, claim: ExitStack) -> None:
        done = self._train.remote(self.code, self.suite, _plain(run))
        self.under_way[done] = run, claim

    def ended(self) -> Iterator[tuple[Run, ExitStack, Any]]:
        """The runs that end within the next seconds, if any."""
        waiting = list(self.under_way)
        for done in self.ray.wait(waiting, timeout=LOOK_AGAIN)[0] if waiting else ():
            yield (*self.under_way.pop(done), done)

    def result(self, run: Run, done: Any) -> dict[str, Any]:
        errors = self.ray.exceptions
        try:
            result = self.ray.get(done)
        except errors.RayTaskError as error:
            if isinstance(error.cause, UserError):
                raise error.cause from None
            raise
        except errors.RayError as error:
            raise UserError(f"the cluster has lost {run.name}: {error}") from None
        if "refused" in result:
            raise UserError(result["refused"])
        return result

    def tidy(self, run: Run, node: str) -> None:
        """Deletes a run from the machine that did it."""
        there = self.ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node, soft=False)
        tidy = self._tidy.options(scheduling_strategy=there)
        self._tidied.append(tidy.remote(self.code, self.suite, _plain(run)))

    def stop(self) -> None:
        for done, (_, claim) in self.under_way.items():
            self.ray.cancel(done, force=True)
            claim.close()
        if self._tidied:
            self.ray.wait(self._tidied, num_returns=len(self._tidied), timeout=LOOK_AGAIN)
        self.ray.shutdown()


def _plain(run: Run) -> dict[str, Any]:
    """A run in built-in types only: it is unpacked before the versions are compared."""
    return {**asdict(run), "budget": run.budget.value}


def _shipped(name: str) -> Callable[..., dict[str, Any]]:
    """A function of this module as a task.

    Ray ships a nested function by value, not by name. So it can report the problem on a machine
    where this package is missing or has another version.
    """

    def task(code: str, suite: str, run: dict[str, Any]) -> dict[str, Any]:
        os.environ["OMP_NUM_THREADS"] = "1"  # no framework is imported yet
        try:
            from unrolled.experiments import cluster

            there = cluster.fingerprint()
        except (ImportError, AttributeError):
            there = "none"
        if there != code:
            host = socket.gethostname()
            return {
                "refused": f"the code of unrolled on {host} is not the same as here; install the "
                "same version on every machine of the cluster"
            }
        return getattr(cluster, name)(code, suite, run)

    return task


def fingerprint() -> str:
    """A hash of the package's code, the same on every operating system."""
    package = Path(unrolled.__file__).parent
    digest = hashlib.sha256()
    for file in sorted(package.rglob("*.py"), key=lambda file: file.relative_to(package).parts):
        digest.update(repr((file.relative_to(package).parts, file.read_text("utf-8"))).encode())
    return digest.hexdigest()[:16]


def train(code: str, suite: str, run: dict[str, Any]) -> dict[str, Any]:
    """On a machine of the cluster: trains a run, or resumes one that is unfinished there."""
    import ray

    wanted, folder = _here(code, suite, run)
    path = runner.unfinished(wanted, folder)
    with saved.reserved(path, wait=PATIENCE):
        row = runner.execute(wanted, folder)
        return {
            "row": row,
            "checkpoint": path.read_bytes() if wanted.kept else None,
            "node": ray.get_runtime_context().get_node_id(),
        }


def tidy(code: str, suite: str, run: dict[str, Any]) -> dict[str, Any]:
    """On the machine that did a run: deletes it, now that it is recorded."""
    path = runner.unfinished(*_here(code, suite, run))
    with suppress(saved.BusyError), saved.reserved(path):
        path.unlink(missing_ok=True)
    return {}


def _here(code: str, suite: str, run: dict[str, Any]) -> tuple[Run, Path]:
    folder = cache_folder() / "experiments" / code / suite
    return Run(**{**run, "budget": Budget(run["budget"])}), folder
