"""The component that turns trials into one model."""

from __future__ import annotations

from pathlib import Path

from automl_components.core.artifacts import Input, Output, mlflow_model, mltable, uri_folder
from automl_components.core.component import component
from automl_components.core.events import emit
from automl_components.core.settings import LimitsSettings, SelectionSettings, TaskSettings, TrainingSettings


@component(version="1")
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
    """Combine trials by voting and stacking, choose the best, and refit it on all rows.

    With ``selection.trial`` (a number) or ``selection.metric`` (the best by any metric) the model is that trial
    alone. What cannot be fitted again in the time that the search left is passed over for the next best.
    """
    import tempfile

    from automl_components import flavor, formats
    from automl_components.engine.assembly import Assembly, Recipe, named
    from automl_components.engine.ensemble import Candidate
    from automl_components.engine.leaderboard import leaderboard as board
    from automl_components.engine.predictor import Predictor
    from automl_components.engine.workers import Pool

    problem = formats.read_problem(
        features.local, primary_metric=task.primary_metric, positive_label=task.positive_label, seed=task.seed
    )
    metric, threads = problem.scorer().metric, problem.threads(limits.threads)
    results = formats.read_trials(trials.local)
    finished = {r.number: r for r in results if r.status == "Completed" and r.score is not None}
    candidates = [
        Candidate(number, float(r.score or 0), formats.out_of_fold(trials.local, number))
        for number, r in finished.items()
    ]
    stack = training.stack_ensemble_settings
    recipe = Recipe(
        vote=training.enable_vote_ensemble, stack=training.enable_stack_ensemble,
        iterations=training.ensemble_iterations, meta_type=stack.stack_meta_learner_type,
        meta_share=stack.stack_meta_learner_train_percentage, meta_kwargs=stack.stack_meta_learner_kwargs,
        trial=selection.trial, metric=selection.metric,
    )  # fmt: skip
    left = limits.seconds - formats.read_json(trials.local / "search.json")["elapsed_seconds"]
    with tempfile.TemporaryDirectory(dir=best_model.local) as scratch:
        problem.share(Path(scratch))
        with Pool(Path(scratch), workers=1, threads=threads) as pool:
            assembly = Assembly(problem, finished, candidates, pool, threads=threads, seconds=left)
            chosen, learners, made = assembly.run(recipe)
    emit("note", f"best: {named(chosen)}, {metric.name} {chosen.score:.5f}")
    checked = formats.read_checked(checked_data.local)
    facts = {
        "kind": chosen.kind, "members": list(chosen.members), "weights": list(chosen.weights),
        "pipelines": [finished[n].pipeline for n in chosen.members], "primary_metric": metric.name,
        "score": chosen.score, "metrics": chosen.metrics, "rows": problem.features.rows,
        "candidates": {e.kind: e.score for e in made}, "target_range": problem.target_range,
    }  # fmt: skip
    predictor = Predictor(
        flavor.load_featurizer(featurizer.local), learners, list(chosen.weights), task=problem.task,
        target=checked.facts["target"], classes=checked.labels(), meta=chosen.meta, threads=threads,
        description=facts,
    )  # fmt: skip
    flavor.save_model(predictor, best_model.local, input_example=checked.frame.head(3), metadata=facts)
    leaderboard.local.mkdir(exist_ok=True)
    board(results, metric, made).to_csv(leaderboard.local / "leaderboard.csv", index=False)
    formats.write_json(leaderboard.local / "ensemble.json", {**facts, "refit_s": assembly.refit_s})
