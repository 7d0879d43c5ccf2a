"""Grade every submission of a class, several at a time, here or on a cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attncourse.grading.checks import plain_text
from attncourse.grading.classroom.hand_ins import HandIn
from attncourse.grading.classroom.ledger import Ledger, digest
from attncourse.grading.reading import SIZE_LIMIT
from attncourse.grading.remote import Limits

#: Submissions that wait on a cluster for each one that is being graded.
_AHEAD = 4


class NoCluster(RuntimeError):
    """A cluster was asked for and does not answer; the message says why."""


@dataclass(frozen=True)
class Work:
    """One submission, as it goes to whoever grades it: the file's bytes, never its place."""

    name: str
    content: bytes
    seed: int
    exercise: str | None
    boxed: bool
    limits: Limits
    overlay: str


def grade_one(work: Work) -> dict[str, Any]:
    """Grade one submission, wherever this runs. Whatever it holds, a record comes back."""
    from attncourse.grading.isolated import grade_apart

    record = grade_apart(
        Path(Path(work.name).name[-100:]),
        exercise=work.exercise,
        seed=work.seed,
        boxed=work.boxed,
        limits=work.limits,
        overlay=work.overlay,
        many=True,
        content=work.content,
    )
    return record.as_json()


def grade_class(
    hand_ins: Iterable[HandIn],
    ledger: Ledger,
    *,
    exercise: str | None = None,
    boxed: bool = True,
    limits: Limits | None = None,
    jobs: int | None = None,
    dask: str | None = None,
    overlay: str = "",
    step: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Grade what has no record yet, and write each record down at once.

    Parameters
    ----------
    hand_ins
        The submissions.
    ledger
        Where the records are. What stands there is not graded again.
    exercise
        All are submissions of this exercise; by default each says which it is.
    boxed, limits
        How each one is run.
    jobs
        So many at a time; by default one a processor.
    dask
        Address of a Dask scheduler that gives the work out. Its workers need the same version of
        this package, and no common folder.
    overlay
        Folder of an instructor's own checks.
    step
        Told after each record: how many are done, of how many.

    Returns
    -------
    int
        How many were graded now.

    Raises
    ------
    NoCluster
        There is no scheduler at that address.
    """
    todo = []
    for hand_in in hand_ins:
        fingerprint = hand_in.fingerprint()
        if not ledger.has(hand_in.name, fingerprint, hand_in.learner):
            todo.append((hand_in, fingerprint))
    common = (ledger.run.seed, exercise, boxed, limits or Limits(), overlay)

    def works() -> Iterator[tuple[HandIn, str, Work | str]]:
        for hand_in, fingerprint in todo:
            yield hand_in, fingerprint, _work(hand_in, *common)

    workers = jobs or os.cpu_count() or 1
    step(0, len(todo))
    with _pool(workers, dask) as submit:
        for done, (hand_in, fingerprint, record) in enumerate(_flow(works(), submit, workers), 1):
            ledger.add(
                {
                    "file": hand_in.name,
                    "learner": hand_in.learner,
                    "number": hand_in.number,
                    "submitted": hand_in.submitted.isoformat(),
                    "hash": fingerprint,
                    "overlay": digest(overlay, record.get("exercise", "")),
                    "record": record,
                }
            )
            step(done, len(todo))
    return len(todo)


def _work(hand_in: HandIn, seed: int, exercise: str | None, boxed: bool, limits: Limits, overlay):
    """What is to be graded, or why it cannot be."""
    if hand_in.refused:
        return hand_in.refused
    try:
        size = hand_in.path.stat().st_size
        if size > SIZE_LIMIT:
            return f"The file is larger than {SIZE_LIMIT >> 20} MiB. Clear its outputs."
        content = hand_in.path.read_bytes()
    except OSError as error:
        return f"The file cannot be read: {error.strerror}."
    return Work(hand_in.called or hand_in.name, content, seed, exercise, boxed, limits, overlay)


def _flow(works, submit: Callable[[Work], Future], workers: int):
    """Every submission with its record, in the order in which they are done.

    Only a few are read ahead, so that memory does not grow with the class.
    """
    running: dict[Future, tuple[HandIn, str]] = {}
    for hand_in, fingerprint, work in works:
        if isinstance(work, str):
            yield hand_in, fingerprint, _failed(work)
            continue
        running[submit(work)] = hand_in, fingerprint
        if len(running) >= workers + _AHEAD:
            yield from _finished(running)
    while running:
        yield from _finished(running)


def _finished(running: dict[Future, tuple[HandIn, str]]):
    done, _ = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        hand_in, fingerprint = running.pop(future)
        try:
            record = future.result()
        except Exception as error:  # whatever befell the one who graded it, the class goes on
            why = f"It could not be graded: {type(error).__name__}: {plain_text(error, 200)}"
            record = _failed(why)
        yield hand_in, fingerprint, record


def _failed(why: str) -> dict[str, Any]:
    """A record of what could not be graded at all."""
    from attncourse.grading.records import Record

    return Record("", 0, "command", (), failed=why).as_json()


class _pool:
    """Gives work to threads here, or to a cluster; as a context, so that neither is left over."""

    def __init__(self, workers: int, dask: str | None):
        self._client: Any = None
        if dask is None:
            self._threads = ThreadPoolExecutor(workers, thread_name_prefix="grade")
            return
        try:
            from distributed import Client

            self._client = Client(dask, timeout=10)
        except ImportError:
            raise NoCluster(
                "--dask needs the package distributed: pip install 'attncourse[class]'."
            ) from None
        except (OSError, ValueError, TimeoutError) as error:
            why = plain_text(error, 120)
            raise NoCluster(f"no Dask scheduler answers at {plain_text(dask)} ({why}).") from None

    def __enter__(self) -> Callable[[Work], Future]:
        if self._client is None:
            return lambda work: self._threads.submit(grade_one, work)
        return self._submit

    def _submit(self, work: Work) -> Future:
        done: Future = Future()
        sent = self._client.submit(grade_one, work, pure=False, retries=2)

        def deliver(found: Any) -> None:
            error = found.exception() if found.status != "finished" else None
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(found.result())
            found.release()

        sent.add_done_callback(deliver)
        return done

    def __exit__(self, *error: object) -> None:
        if self._client is None:
            self._threads.shutdown(cancel_futures=True)
        else:
            self._client.close()
