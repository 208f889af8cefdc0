"""A whole job as a flow: from a table to a tested, registered model, one task for each stage.

python flows/penguins.py            run it once
python flows/penguins.py serve      serve it: start runs from Prefect's page, change its parameters there
"""

from __future__ import annotations

import sys

from automl_components.demo import penguins_job
from prefect_tasks import automl_flow

penguins = automl_flow(
    penguins_job(trials=8),
    name="penguins",
    task_options={"search_trials": {"retries": 2, "retry_delay_seconds": 10, "timeout_seconds": 3600}},
)

if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        penguins.serve(name="served", tags=["automl"])
    else:
        penguins()
