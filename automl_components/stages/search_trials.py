"""The component that tries algorithms and parameters."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_components.core.artifacts import Input, Output, mltable, redacted, uri_folder
from automl_components.core.component import component
from automl_components.core.errors import NoModelError, SettingsError
from automl_components.core.events import emit
from automl_components.core.settings import (
    FeaturizationSettings,
    LimitsSettings,
    TaskSettings,
    TrainingSettings,
)

if TYPE_CHECKING:
    from automl_components.algorithms.selection import Skipped
    from automl_components.engine.problem import Problem
    from automl_components.engine.search import Search
    from automl_components.engine.trial import Config, TrialResult
    from automl_components.formats import Executed


DISK = 2**20
"""Bytes free below which the disk counts as full."""
MEMORY = 0.8
"""Share of the machine's memory that trials may use together, where no limit is given."""


@component(version="4", resumable=True, elastic=("limits",))
def search_trials(
    features: Input[mltable],
    trials: Output[uri_folder],
    *,
    task: TaskSettings,
    limits: LimitsSettings,
    training: TrainingSettings,
    featurization: FeaturizationSettings,
) -> None:
    """Train algorithms on every split, within the limits.

    Every fit runs in a worker process; a failure is recorded and survived. ``trials`` holds a journal (what ran, what
    it cost, how it scored), a leaderboard, the plan as it was made and carried out, and for each trial out-of-fold
    predictions and the fitted learners. Killed and started again, it goes on after its last finished fit.

    With ``limits.replay`` the completed trials of a finished run are repeated instead of a search, with the parameters,
    the boosting rounds and the splits that really ran: the same model, although a clock ended that run.
    """
    from automl_components import formats
    from automl_components.algorithms.selection import select
    from automl_components.core import storage
    from automl_components.core.journal import Journal
    from automl_components.engine.keeping import keeps
    from automl_components.engine.plan import plan
    from automl_components.engine.proposals import Proposals, Script
    from automl_components.engine.search import Search, executed
    from automl_components.engine.stopping import SearchLimits
    from automl_components.engine.trial import TrialResult
    from automl_components.engine.workers import Pool
    from automl_components.trial_files import TrialFiles

    started = time.monotonic()
    problem = formats.read_problem(
        features.local, primary_metric=task.primary_metric, positive_label=task.positive_label, seed=task.seed
    )
    size_rule(problem.features.rows, len(problem.features.schema.names), limits)
    algorithms, skipped = select(
        task.task, problem.shape,
        allowed=training.allowed_training_algorithms, blocked=training.blocked_training_algorithms,
    )  # fmt: skip
    chosen = plan(
        problem.shape, problem.splits.shape[1], bags=keeps(problem.bags, training.refit),
        seconds=limits.seconds, left=limits.after(storage.elapsed(features.path)), cores=limits.threads,
        concurrent=limits.concurrent, race=limits.enable_early_termination, memory_bytes=memory(limits),
    )  # fmt: skip
    files, journal = TrialFiles(trials.local), Journal(trials.local / "journal.jsonl")
    planned = trials.local / "plan.json"
    earlier = None if limits.replay is None else formats.read_executed(limits.replay)
    if earlier is not None:
        check_repeatable(earlier, problem)
        chosen = chosen.repeating(earlier.plan)
        for result in [] if journal.records else not_completed(earlier.results):
            journal.append(result.to_dict())
    elif journal.records and planned.exists():
        chosen = chosen.continuing(formats.read_json(planned))
    formats.write_json(planned, chosen.to_dict())
    scratch = trials.local / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    problem.share(scratch)
    finished = [TrialResult(**record) for record in journal.records]
    finished = finished if earlier is not None else without_misses(finished)
    until = SearchLimits(
        limits.max_trials, limits.trial_seconds, limits.enable_early_termination, limits.exit_score,
        limits.max_prediction_ms_per_row,
    )  # fmt: skip
    if earlier is not None:
        until = SearchLimits(max(result.number for result in earlier.results), early_termination=False)
        source: Proposals = Script(problem, earlier.plan["trials"])
    else:
        source = Proposals(
            problem, algorithms, rounds=chosen.rounds, encodings=encodings(featurization),
            first=chosen.first, each_first=bool(training.allowed_training_algorithms),
            lag=chosen.lag, memory_mb=chosen.memory_mb, row_ms=limits.max_prediction_ms_per_row,
        )  # fmt: skip
    search = Search(
        problem, algorithms, chosen, until, files, source,
        [result for result in finished if result.status != "Completed" or files.has(result.number)],
    )  # fmt: skip
    announce(search, skipped)

    def on_start(number: int, config: Config) -> None:
        emit("trial_started", number=number, algorithm=config.algorithm)

    def on_result(result: TrialResult) -> None:
        stop_on_a_full_disk(result, trials.local)
        journal.append(result.to_dict())
        trials.checkpoint(
            journal.path, planned, *(files.trial(record["number"]) for record in journal.records)
        )
        text = told(result, best_of(search.results.values(), search.metric))
        emit("trial", f"trial {result.number} of {until.max_trials}: {text}", **result.to_dict())

    most = None if limits.max_memory_mb is None else limits.max_memory_mb * 2**20 / chosen.workers
    with Pool(scratch, workers=chosen.workers, threads=chosen.threads, memory_bytes=most) as pool:
        results = search.run(pool, on_result, on_start, elapsed=time.monotonic() - started)
    shutil.rmtree(scratch)
    if earlier is not None:
        search.stop_reason = f"replay: the trials of {redacted(limits.replay or '')} were repeated"
    emit("note", f"search ended: {search.stop_reason}")
    if not any(result.status == "Completed" for result in results):
        raise NoModelError(no_model(results, search.stop_reason))
    write_results(trials.local, search, results, skipped, task.positive_label)
    files.tidy({result.number: result.status == "Completed" for result in results})
    spent = search.spent / chosen.workers + time.monotonic() - started
    formats.write_json(planned, {**chosen.to_dict(), "trials": executed(results), "elapsed_seconds": spent})


def memory(limits: LimitsSettings) -> float:
    """Bytes that all trial processes may use together; without a limit by the machine's size, which does not change."""
    from automl_components.engine.machine import whole_memory

    return MEMORY * whole_memory() if limits.max_memory_mb is None else limits.max_memory_mb * 2.0**20


def check_repeatable(earlier: Executed, problem: Problem) -> None:
    """Refuse to repeat a run on other data, or for another task."""
    here = {
        "task": problem.task, "primary_metric": problem.scorer().metric.name, "rows": problem.features.rows,
        "columns": len(problem.features.schema.names), "splits": problem.splits.shape[1],
    }  # fmt: skip
    there = {**earlier.plan, **earlier.search}
    for name, value in here.items():
        if there[name] != value:
            raise SettingsError(
                f"limits.replay: {name} of that run: {there[name]}, here: {value}; give the data and the settings of "
                "that run, or remove limits.replay"
            )


def not_completed(results: list[TrialResult]) -> list[TrialResult]:
    """Trials of an earlier run that are listed again, and not repeated; here they took no time."""
    return [
        replace(result, seconds=0.0, fit_s=0.0, predict_s=0.0, spans=[], proposed="")
        for result in results
        if result.status != "Completed"
    ]


def stop_on_a_full_disk(result: TrialResult, folder: Path) -> None:
    """OSError where a trial failed of it and the disk is still full: nothing further could be kept, so nothing is lost.

    Where the space came free again with the trial's process, it costs that trial alone.
    """
    full = os.strerror(errno.ENOSPC) in (result.error or {}).get("message", "")
    if full and shutil.disk_usage(folder).free < DISK:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def without_misses(finished: list[TrialResult]) -> list[TrialResult]:
    """Results without the last ones for which there was no time: now there may be."""
    last = max((n for n, r in enumerate(finished, 1) if (r.error or {}).get("type") != "NoTime"), default=0)
    return finished[:last]


def encodings(featurization: FeaturizationSettings) -> list[str]:
    """Encodings of the target that learners may use: those that are not blocked."""
    from automl_components.engine.encodings import ENCODINGS

    def folded(name: str) -> str:
        return name.replace("_", "").casefold()

    blocked = {folded(name) for name in featurization.blocked_transformers}
    return [name for name in ENCODINGS if featurization.mode != "off" and folded(name) not in blocked]


def write_results(
    folder: Path, search: Search, results: list[TrialResult], skipped: list[Skipped], positive_label: Any
) -> None:
    """The leaderboard, and ``search.json``: what was searched, and why it ended."""
    from automl_components import formats
    from automl_components.engine.leaderboard import leaderboard

    problem = search.problem
    leaderboard(results, search.metric).to_csv(folder / "leaderboard.csv", index=False)
    formats.write_json(
        folder / "search.json",
        {
            "task": problem.task, "primary_metric": search.metric.name, "seed": problem.seed,
            "greater_is_better": search.metric.greater_is_better, "classes": problem.classes,
            "positive_label": positive_label, "splits": search.parts, "rows": problem.features.rows,
            "trials": max(r.number for r in results), "stop_reason": search.stop_reason,
            "skipped": [{"name": s.name, "reason": s.reason} for s in skipped],
            "trial_seconds": sum(r.seconds for r in results),
        },
    )  # fmt: skip


def size_rule(rows: int, columns: int, limits: LimitsSettings) -> None:
    """Azure's rule: an hour or less wants at most ten million cells. A warning, or an error when ``strict``."""
    seconds = limits.seconds
    if seconds is None or seconds > 3600 or rows * columns <= 10_000_000:
        return
    text = (
        f"{rows} rows x {columns} columns are more than 10,000,000 cells for a timeout of {seconds / 60:g} minutes; "
        "give limits.timeout_minutes above 60"
    )
    if limits.strict:
        raise SettingsError(f"limits.timeout_minutes: {text}, or set limits.strict to false")
    emit("note", f"warning: {text} if the search ends too early", level=logging.WARNING)


def announce(search: Search, skipped: list[Skipped]) -> None:
    """Tell what the search is going to do, and what an interrupted one has done already."""
    from automl_components.algorithms import ALGORITHMS

    for one in skipped:
        absent = ALGORITHMS[one.name].missing_packages()
        emit("note", f"without {one.name}: {one.reason}", level=logging.INFO if absent else logging.DEBUG)
    limits, metric, done = search.limits, search.metric, len(search.results)
    for reason in search.plan.reasons:
        emit("note", f"plan: {reason}", level=logging.DEBUG)
    seconds = search.plan.search_seconds
    best = best_of(search.results.values(), metric)
    parts = search.problem.splits.shape[1]
    count = len(search.algorithms)
    text = (
        f"{count} algorithm{'s' if count > 1 else ''}, {parts} split{'s' if parts > 1 else ''}, {metric.name}"
    )
    emit(
        "search", f"{text}; {done} of {limits.max_trials} trials were done before" if done else text, done=done,
        metric=metric.name, greater_is_better=metric.greater_is_better, max_trials=limits.max_trials,
        seconds=None if seconds is None else seconds - search.spent / search.plan.workers,
        best=None if best is None else best.to_dict(),
    )  # fmt: skip


def best_of(results: Iterable[TrialResult], metric: Any) -> TrialResult | None:
    """The first trial with the best score so far."""
    scored = sorted((r for r in results if r.score is not None), key=lambda result: result.number)
    return max(scored, key=lambda result: metric.sign(result.score), default=None)


def told(result: TrialResult, best: TrialResult | None) -> str:
    """In one line, what became of a trial: its score and the best so far, or why it has none."""
    if result.status == "Pruned":
        first = next((score for score in result.fold_scores if score is not None), float("nan"))
        return f"{result.pipeline}: given up at {first:.5f} after the first split ({result.seconds:.1f} s)"
    if result.score is None:
        cause = (result.error or {}).get("message", "").strip().split("\n", 1)[0]
        return f"{result.algorithm}: {result.status}: {cause} ({result.seconds:.1f} s)"
    standing = "best so far" if best is None or best is result else f"best so far {best.score:.5f}"
    cut = ", cut short by the time limit" if result.cut_short else ""
    cut += f"; {result.note}" if result.note else ""
    return f"{result.pipeline}: {result.score:.5f}, {standing} ({result.seconds:.1f} s{cut})"


def no_model(results: list, reason: str) -> str:  # type: ignore[type-arg]
    """The message of a search without a single model: each cause once, with how often it was seen."""
    causes: dict[str, int] = {}
    for result in results:
        text = f"{result.algorithm}: {(result.error or {}).get('message', result.status)}"
        causes[text] = causes.get(text, 0) + 1
    lines = "\n".join(f"  {text} ({count} x)" if count > 1 else f"  {text}" for text, count in causes.items())
    again = "once the cause is gone, start again with --fresh (in Python: reuse=False)"
    return f"no trial produced a model ({reason})" + (
        f":\n{lines}\n{again}" if lines else "; give it more time"
    )
