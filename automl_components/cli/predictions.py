"""The command that predicts: ``predict``."""

from __future__ import annotations

import click

from automl_components.cli import options
from automl_components.core.errors import DataError


@click.command(short_help="Predict the rows of a table.")
@click.argument("model")
@click.argument("table")
@click.option(
    "--output", "-o", required=True, metavar="FILE", help="A .csv, .tsv, .parquet or .jsonl file to write."
)
@options.verbosity
def predict(model: str, table: str, output: str, verbosity: str | None) -> None:
    """Predict the rows of TABLE with MODEL: a run's folder, a model's folder, or MLflow's address of a model.

    Writes a `prediction` column and, for classification, `proba_<class>` for each class; rows keep their order.
    Values that the model cannot read, such as words in a column of numbers, are counted in a warning.

    \b
    Examples:
      automl predict runs/bank new_rows.csv --output predictions.parquet
      automl predict $(automl model runs/bank --trial 3) new_rows.csv --output predictions.csv
      automl predict models:/bank@champion new_rows.csv --output predictions.csv
      automl predict models:/bank/3 new_rows.csv --output predictions.csv
    """
    from automl_components.core import storage
    from automl_components.core.tables import kind_to_write, read_table, write_table
    from automl_components.model import load_model
    from automl_components.terminal import watching

    kind_to_write(output)  # refused before anything is loaded
    rows = read_table(table)
    with watching(verbosity):
        loaded = load_model(model)
        try:
            made = loaded.predict_table(rows)
        except DataError as error:
            raise DataError(f"{table}: {error}") from error
    with storage.writing(output):
        write_table(made, output)
    if options.tells(verbosity):
        noun = "prediction" if len(made) == 1 else "predictions"
        click.echo(f"{len(made)} {noun}: {output}", err=True)
