"""The component that turns trials into one model."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_components.core.artifacts import Input, Output, mlflow_model, mltable, uri_folder
from automl_components.core.component import component
from automl_components.core.events import emit
from automl_components.core.settings import LimitsSettings, SelectionSettings, TaskSettings, TrainingSettings

if TYPE_CHECKING:
    import pandas as pd

    from automl_components.engine.latency import Latency
    from automl_components.engine.problem import Problem
    from automl_components.engine.trial import TrialResult


@component(version="4")
def build_ensemble(
    checked_data: Input[mltable],
    features: Input[mltable],
    featurizer: Input[mlflow_model],
    trials: Input[uri_folder],
    best_model: Output[mlflow_model],
    leaderboard: Output[uri_folder],
    *,
    task: TaskSettings,
    limits: LimitsSettings,
    training: TrainingSettings,
    selection: SelectionSettings,
) -> None:
    """Combine trials by voting and stacking, choose the best, and make it one model.

    With ``selection.trial`` (a number) or ``selection.metric`` (the best by any metric) the model is that trial
    alone. With ``limits.replay`` the ensembles are those of the run that is repeated. Under cross-validation a member
    is the mean of the learners of its folds; otherwise, or with
    ``training.refit: always``, it is fitted again on all rows, as far as the time allows.
    """
    import tempfile
    from contextlib import ExitStack

    from automl_components import flavor, formats
    from automl_components.core import storage
    from automl_components.engine.assembly import Assembly, Recipe, named
    from automl_components.engine.choices import class_weights
    from automl_components.engine.ensemble import Candidate
    from automl_components.engine.finishing import finish
    from automl_components.engine.leaderboard import leaderboard as board
    from automl_components.engine.predictor import Predictor
    from automl_components.engine.workers import Pool
    from automl_components.trial_files import TrialFiles

    problem = formats.read_problem(
        features.local, primary_metric=task.primary_metric, positive_label=task.positive_label, seed=task.seed
    )
    metric, files = problem.scorer().metric, TrialFiles(trials.local)
    results = formats.read_trials(trials.local)
    finished = {r.number: r for r in results if r.status == "Completed" and r.score is not None}
    candidates = [
        Candidate(number, float(r.score or 0), files.out_of_fold(number)) for number, r in finished.items()
    ]
    stack = training.stack_ensemble_settings
    recipe = Recipe(
        vote=training.enable_vote_ensemble, stack=training.enable_stack_ensemble,
        iterations=training.ensemble_iterations, meta_type=stack.stack_meta_learner_type,
        meta_share=stack.stack_meta_learner_train_percentage, meta_kwargs=stack.stack_meta_learner_kwargs,
        trial=selection.trial, metric=selection.metric, refit=training.refit,
    )  # fmt: skip
    plan, checked = formats.read_json(trials.local / "plan.json"), formats.read_checked(checked_data.local)
    earlier = None if limits.replay is None else formats.read_executed(limits.replay)
    with ExitStack() as opened:

        def open_pool() -> Pool:
            scratch = Path(opened.enter_context(tempfile.TemporaryDirectory(dir=best_model.local)))
            problem.share(scratch)
            most = None if limits.max_memory_mb is None else limits.max_memory_mb * 2.0**20
            return opened.enter_context(Pool(scratch, threads=limits.threads, memory_bytes=most))

        featurizer_ = flavor.load_featurizer(featurizer.local)
        assembly = Assembly(
            problem, finished, candidates, files.learners, open_pool, sizes=files.size, most=plan["candidates"],
            latency=None if earlier else latency(limits, problem, finished, featurizer_, checked.frame),
            threads=limits.threads, script=None if earlier is None else earlier.ensembles,
            seconds=float("inf") if earlier else limits.after(storage.elapsed(features.path)) - plan["elapsed_seconds"],
        )  # fmt: skip
        chosen, members, made = assembly.run(recipe)
    last = finish(problem, chosen.predictions)
    emit("note", f"best: {named(chosen)}, {metric.name} {chosen.score:.5f}")
    choices = {
        "vote": next((one.details for one in made if one.kind == "voting_ensemble"), None),
        "refit": assembly.refit, "class_weights": class_weights(problem, results, chosen.members),
    }  # fmt: skip
    for name, choice in choices.items():
        if choice:
            emit("note", f"{name.replace('_', ' ')}: {choice['reason']}")
    facts = {
        "kind": chosen.kind, "members": list(chosen.members), "weights": list(chosen.weights),
        "pipelines": [finished[n].pipeline for n in chosen.members], "primary_metric": metric.name,
        "score": chosen.score, "metrics": chosen.metrics, "rows": problem.features.rows,
        "candidates": {e.kind: e.score for e in made}, "target_range": problem.target_range,
        "choices": choices, "finish": last.verdicts,
    }  # fmt: skip
    predictor = Predictor(
        featurizer_, members, list(chosen.weights), task=problem.task,
        target=checked.facts["target"], classes=checked.labels(), meta=chosen.meta,
        temperature=last.temperature, decision=last.decision, intervals=last.intervals, threads=limits.threads,
        description=facts,
    )  # fmt: skip
    if assembly.latency is not None:
        facts["prediction_ms_per_row"] = predicts_in(
            predictor, checked.frame, assembly.latency, chosen.members
        )
    flavor.save_model(predictor, best_model.local, input_example=checked.example(), metadata=facts)
    leaderboard.local.mkdir(exist_ok=True)
    taken = str(chosen.members[0]) if chosen.kind == "trial" else chosen.kind
    first = "" if recipe.single else taken
    board(results, metric, made, first=first).to_csv(leaderboard.local / "leaderboard.csv", index=False)
    formats.write_json(
        leaderboard.local / "ensemble.json",
        {**facts, "refit_s": assembly.refit_s, "executed": assembly.executed},
    )


def latency(
    limits: LimitsSettings,
    problem: Problem,
    finished: dict[int, TrialResult],
    featurizer: Any,
    frame: pd.DataFrame,
) -> Latency | None:
    """The limit on the time for a row, with what each trial and the features take; None without one."""
    from automl_components.engine.latency import Latency, measured_ms, member_ms

    if limits.max_prediction_ms_per_row is None:
        return None
    rows = batch(frame)
    members = {number: member_ms(problem, result) for number, result in finished.items()}
    return Latency(
        limits.max_prediction_ms_per_row, members, measured_ms(lambda: featurizer.transform(rows), len(rows))
    )


def predicts_in(
    predictor: Any, frame: pd.DataFrame, latency: Latency, members: Sequence[int]
) -> dict[str, float]:
    """Milliseconds a row: the limit, what was expected of these members, and what the finished model takes."""
    from automl_components.engine.latency import measured_ms

    rows = batch(frame)
    takes = measured_ms(lambda: predictor.predict_table(rows), len(rows))
    if takes > latency.limit >= latency.of(members):
        text = f"warning: the model takes {takes:.3g} ms a row here, more than its {latency.limit:g} ms"
        emit("note", text, level=logging.WARNING)
    return {"limit": latency.limit, "expected": latency.of(members), "measured": takes}


def batch(frame: pd.DataFrame) -> pd.DataFrame:
    """A thousand rows, repeated where there are fewer."""
    import numpy as np

    from automl_components.engine.trial import BATCH

    return frame.iloc[np.resize(np.arange(len(frame)), BATCH)].reset_index(drop=True)
