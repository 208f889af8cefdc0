"""Commands on a run that is there: ``model``, ``test``, ``show``."""

from __future__ import annotations

import json

import click

from automl_components.cli import options


@click.command(short_help="Make the model of any trial of a run.")
@click.argument("folder")
@click.option("--trial", type=int, help="Number of a trial.")
@click.option("--metric", help="Take the trial that is best by this metric.")
@options.verbosity
def model(folder: str, trial: int | None, metric: str | None, verbosity: str | None) -> None:
    """Make the model of any trial of a run FOLDER, and print its path.

    \b
    Examples:
      automl model runs/bank --trial 3
      automl model runs/bank --metric accuracy
    """
    from automl_components.run import Run
    from automl_components.terminal import watching

    with watching(verbosity):
        path = Run(folder).model(trial=trial, metric=metric)
    click.echo(path)


@click.command(short_help="Test a run's model, on new rows too.")
@click.argument("folder")
@click.option("--data", metavar="TABLE", help="New rows; default: the run's own test rows.")
@click.option("--trial", type=int, help="Number of a trial; default: the best model.")
@click.option("--output", "-o", metavar="FOLDER", help="Where test_report and predictions go.")
@options.verbosity
def test(folder: str, data: str | None, trial: int | None, output: str | None, verbosity: str | None) -> None:
    """Test the best model, or any trial, of a run FOLDER.

    Writes `predictions` and, where the rows have their target, a `test_report` with every metric and the charts.

    \b
    Example:
      automl test runs/bank --data last_month.csv --trial 3 --output runs/bank-last-month
    """
    from automl_components import formats
    from automl_components.run import Run
    from automl_components.terminal import metrics_table, watching

    with watching(verbosity):
        made = Run(folder).test(data, trial=trial, output=output)
    report = made["test_report"].local
    if (report / "metrics.json").exists():
        metrics_table(formats.read_json(report / "metrics.json"))
    for name, reference in made.items():
        click.echo(f"{name}: {reference.path}")


@click.command(short_help="Show a run: findings, leaderboard, metrics.")
@click.argument("folder")
@click.option("--trials", is_flag=True, help="List every trial: seconds, memory, and why it has no score.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object with all of it, for a program.")
@options.verbosity
def show(folder: str, trials: bool, as_json: bool, verbosity: str | None) -> None:
    """Show a run FOLDER, finished or not: findings, leaderboard, what the search cost and why it ended, test metrics.

    \b
    Examples:
      automl show runs/bank
      automl show runs/bank --trials
      automl show runs/bank --json | jq '.leaderboard[0]'
    """
    from automl_components.run import Run
    from automl_components.terminal import run_facts, summary

    if as_json:
        click.echo(json.dumps(run_facts(Run(folder)), indent=1, allow_nan=False))
    else:
        summary(Run(folder), findings=True, trials=trials)
