"""Commands that talk to MLflow: ``log`` and ``register``."""

from __future__ import annotations

from typing import Any

import click

from automl_components.cli import options


@click.command(short_help="Log a finished run to MLflow.")
@click.argument("folder")
@options.verbosity
def log(folder: str, verbosity: str | None) -> None:
    """Log a finished run FOLDER to MLflow: what to do when the server could not be reached.

    However often it is started, a run is logged once. The server is what MLFLOW_TRACKING_URI names.
    """
    from automl_components.run import Run
    from automl_components.terminal import watching

    with watching(verbosity):
        facts = Run(folder).log()
    if options.tells(verbosity):
        click.echo(f"logged to {facts['tracking_uri']}, run {facts['run_id']}")


@click.command(short_help="Register a run's model in MLflow.")
@click.argument("folder")
@click.option("--name", metavar="NAME", help="Registered model; default: the job's own.")
@click.option("--trial", type=int, help="Register this trial instead of the best model.")
@click.option("--metric", help="Register the trial that is best by this metric.")
@click.option("--alias", "aliases", multiple=True, help="An alias to give it; may be repeated.")
@options.overrides
@options.verbosity
def register(
    folder: str,
    name: str | None,
    trial: int | None,
    metric: str | None,
    aliases: tuple[str, ...],
    overrides: tuple[str, ...],
    verbosity: str | None,
) -> None:
    """Register a model of a run FOLDER in MLflow's registry.

    \b
    With a gate:
      automl register runs/bank --set gate.AUC_weighted=0.9 --set champion_alias=champion
    """
    from automl_components.core.settings import apply_overrides
    from automl_components.run import Run
    from automl_components.terminal import watching

    given: dict[str, Any] = {
        "model_name": name,
        "trial": trial,
        "metric": metric,
        "aliases": list(aliases) or None,
    }
    settings = apply_overrides({key: value for key, value in given.items() if value is not None}, overrides)
    with watching(verbosity):
        facts = Run(folder).register(**settings)
    if options.tells(verbosity):
        click.echo(f"registered {facts['model_name']} version {facts['version']}: {facts['model_uri']}")
