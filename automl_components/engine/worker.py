"""A trial process from within: attach the problem, answer requests until the parent is gone."""

from __future__ import annotations

import ctypes
import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

FITTING = 0.9
"""Share of its time that a fit may use: the rest is for predictions, scores and the model file."""


def main() -> None:
    """The child's life; the first line it reads names the folder of the problem."""
    _die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints goes to the log
    inbox: queue.Queue[dict[str, Any]] = queue.Queue()
    lifeline = os.fdopen(os.dup(0), encoding="utf-8")
    threading.Thread(target=_listen, args=(lifeline, inbox), daemon=True).start()
    warnings.simplefilter("ignore")
    _load_libraries()
    from automl_components.engine.problem import Problem

    problem = Problem.attach(Path(inbox.get()["folder"]))

    def reply(message: dict[str, Any]) -> None:
        replies.write(json.dumps(message) + "\n")
        replies.flush()

    reply({"kind": "ready"})
    while True:
        request = inbox.get()
        try:
            reply({"kind": "done", "facts": _answer(problem, request)})
        except Exception as error:  # noqa: BLE001 - the trial boundary: a failing trial is a result
            reply({"kind": "failed", "error": _describe(error)})


def _load_libraries() -> None:
    """A second and more of imports, before there is a problem and before the first trial's clock runs."""
    import lightgbm  # noqa: F401
    import sklearn.linear_model  # noqa: F401
    import skops.io  # noqa: F401

    import automl_components.engine.trial  # noqa: F401


def _die_with_parent() -> None:
    """Ask Linux to end this process with the thread that started it, even while a library keeps Python's lock."""
    if sys.platform == "linux":
        set_parent_death_signal = 1  # PR_SET_PDEATHSIG of prctl(2)
        ctypes.CDLL(None).prctl(set_parent_death_signal, int(signal.SIGKILL))


def _listen(lifeline: Any, inbox: queue.Queue[dict[str, Any]]) -> None:
    for line in lifeline:
        inbox.put(json.loads(line))
    os._exit(0)


def _answer(problem: Any, request: dict[str, Any]) -> dict[str, Any]:
    from automl_components.engine.trial import Config

    config = Config(request["algorithm"], request["params"])
    seconds = request["seconds"]
    deadline = None if seconds is None else time.monotonic() + FITTING * seconds
    work = {"fold": _fold, "refit": _refit}[request["kind"]]
    return work(problem, config, request, deadline)


def _fold(problem: Any, config: Any, request: dict[str, Any], deadline: float | None) -> dict[str, Any]:
    """One split of a trial; the learner is kept where its file is not too large."""
    from dataclasses import asdict, replace

    import numpy as np
    from skops import io

    from automl_components.engine.trial import fit_fold

    fold, learner, predictions = fit_fold(
        problem, config, request["part"], seed=request["seed"], threads=request["threads"], deadline=deadline,
        rounds=request.get("rounds"),
    )  # fmt: skip
    if request.get("timed"):
        fold = replace(fold, row_ms=_row_ms(problem, learner, request["part"]))
    np.save(request["out"], predictions.astype(np.float32 if predictions.ndim == 2 else np.float64))
    model = Path(request["model"])
    io.dump(learner, model)
    if model.stat().st_size > request["model_bytes"]:
        model.unlink()
    return asdict(replace(fold, kept=model.exists()))


def _row_ms(problem: Any, learner: Any, part: int) -> float:
    import numpy as np

    from automl_components.engine.latency import measured_ms
    from automl_components.engine.trial import BATCH, predict

    rows = problem.features.take(np.resize(np.flatnonzero(problem.splits[:, part] == 0), BATCH))
    return measured_ms(lambda: predict(problem.task, learner, rows))


def _refit(problem: Any, config: Any, request: dict[str, Any], deadline: float | None) -> dict[str, Any]:
    """A configuration on all rows: as a model, or as predictions for some rows of a fit on others."""
    import numpy as np
    from skops import io

    from automl_components.engine import trial

    rows = None if request.get("rows") is None else np.load(request["rows"])
    started = time.perf_counter()
    learner = trial.refit(
        problem, config, seed=request["seed"], threads=request["threads"], rounds=request["rounds"], rows=rows,
        deadline=deadline, most=request.get("most"),
    )  # fmt: skip
    fit_s = time.perf_counter() - started
    if request.get("predict") is not None:
        positions = np.load(request["predict"])
        predictions = trial.predict(problem.task, learner, problem.features.take(positions))
        np.save(request["out"], trial.checked(problem, predictions, len(positions)))
    else:
        io.dump(learner, request["out"])
    return {"fit_s": fit_s, "rounds_run": learner.rounds_run_}


def _describe(error: Exception) -> dict[str, str]:
    """Type, message with the line that raised it, and stage."""
    frames = traceback.extract_tb(error.__traceback__)
    stage = "predict" if any(frame.name.startswith("predict") for frame in frames) else "fit"
    last = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return {"type": type(error).__name__, "message": f"{error} (at {last})"[:2000], "stage": stage}
