"""Retrain on a schedule: whoever beats the champion on the same test rows takes its place.

python flows/penguins_retrain.py            run it once
python flows/penguins_retrain.py serve      serve it: every Monday morning
"""

from __future__ import annotations

import sys
from datetime import date
from typing import TYPE_CHECKING

from prefect import flow, task

from automl_components.core.errors import GateError
from automl_components.demo import penguins_job, penguins_table
from prefect_tasks import automl_subflow

if TYPE_CHECKING:
    import pandas as pd

JOB = penguins_job(trials=4)
JOB.set_registration(model_name="penguins-weekly", champion_alias="champion")


@task
def new_rows(day: date) -> pd.DataFrame:
    """What has come in until that day; here, some rows of the same table for each week of the year."""
    import pandas as pd

    table = pd.read_csv(penguins_table())
    return table.sample(n=200 + 2 * day.isocalendar().week, random_state=0)


@flow(name="penguins-retrain", log_prints=True)
def penguins_retrain(day: date | None = None, trials: int = 4) -> str:
    """Train on all rows until a day (today), and promote the model if it is better than the champion."""
    rows = new_rows(day or date.today())
    try:
        made = automl_subflow(
            JOB, name="penguins-challenger", training_data=rows, limits={"max_trials": trials}
        )
    except GateError as refusal:
        return f"the champion stays: {refusal}"
    facts = made["registration"]["facts"]
    return f"version {facts['version']} is the new champion"


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        penguins_retrain.serve(name="weekly", cron="0 6 * * 1", tags=["automl"])
    else:
        print(penguins_retrain())
