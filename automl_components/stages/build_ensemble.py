"""The component that turns trials into one model."""

from __future__ import annotations

from pathlib import Path

from automl_components.core.artifacts import Input, Output, mlflow_model, mltable, uri_folder
from automl_components.core.component import component
from automl_components.core.events import emit
from automl_components.core.settings import LimitsSettings, SelectionSettings, TaskSettings, TrainingSettings


@component(version="3")
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
    alone. Under cross-validation a member is the mean of the learners of its folds; otherwise it is fitted again on all
    rows, as far as the time allows.
    """
    import tempfile
    from contextlib import ExitStack

    from automl_components import flavor, formats
    from automl_components.engine.assembly import Assembly, Recipe, named
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
        trial=selection.trial, metric=selection.metric,
    )  # fmt: skip
    plan = formats.read_json(trials.local / "plan.json")
    with ExitStack() as opened:

        def open_pool() -> Pool:
            scratch = Path(opened.enter_context(tempfile.TemporaryDirectory(dir=best_model.local)))
            problem.share(scratch)
            return opened.enter_context(Pool(scratch, workers=1, threads=limits.threads))

        assembly = Assembly(
            problem, finished, candidates, files.learners, open_pool, most=plan["candidates"],
            threads=limits.threads, seconds=limits.seconds - plan["elapsed_seconds"],
        )  # fmt: skip
        chosen, members, made = assembly.run(recipe)
    last = finish(problem, chosen.predictions)
    emit("note", f"best: {named(chosen)}, {metric.name} {chosen.score:.5f}")
    checked = formats.read_checked(checked_data.local)
    facts = {
        "kind": chosen.kind, "members": list(chosen.members), "weights": list(chosen.weights),
        "pipelines": [finished[n].pipeline for n in chosen.members], "primary_metric": metric.name,
        "score": chosen.score, "metrics": chosen.metrics, "rows": problem.features.rows,
        "candidates": {e.kind: e.score for e in made}, "target_range": problem.target_range,
        "finish": last.verdicts,
    }  # fmt: skip
    predictor = Predictor(
        flavor.load_featurizer(featurizer.local), members, list(chosen.weights), task=problem.task,
        target=checked.facts["target"], classes=checked.labels(), meta=chosen.meta,
        temperature=last.temperature, decision=last.decision, intervals=last.intervals, threads=limits.threads,
        description=facts,
    )  # fmt: skip
    flavor.save_model(predictor, best_model.local, input_example=checked.example(), metadata=facts)
    leaderboard.local.mkdir(exist_ok=True)
    board(results, metric, made).to_csv(leaderboard.local / "leaderboard.csv", index=False)
    formats.write_json(leaderboard.local / "ensemble.json", {**facts, "refit_s": assembly.refit_s})
