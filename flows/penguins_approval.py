"""A person decides: the flow pauses with the results on its page, and promotes the model only if it is told to.

On the page of the paused run, "Resume" asks for the fields of ``Decision``.
"""

from __future__ import annotations

from prefect import flow
from prefect.flow_runs import pause_flow_run
from prefect.input import RunInput

from automl_components.demo import penguins_job
from prefect_tasks import automl_subflow, tasks

JOB = penguins_job(trials=4)
JOB.set_registration(enabled=False)


class Decision(RunInput):
    """What the person who looks at the results is asked."""

    promote: bool
    alias: str = "champion"
    reason: str = ""


@flow(name="penguins-approval", log_prints=True)
def penguins_approval(
    trials: int = 4, wait_seconds: int = 3600, ask_every_seconds: int = 5, workspace: str | None = None
) -> str | None:
    """Train, test, ask, and register under an alias; returns the address of the registered model.

    ``workspace`` is the name of a block document: where results go, and the secrets that this takes.
    """
    made = automl_subflow(JOB, name="penguins-candidate", workspace=workspace, limits={"max_trials": trials})
    accuracy = made["test_report"]["facts"]["metrics"]["accuracy"]
    question = Decision.with_initial_data(
        description=f"Accuracy on test rows: **{accuracy:.3f}**. Promote this model?", promote=False
    )
    decision = pause_flow_run(wait_for_input=question, timeout=wait_seconds, poll_interval=ask_every_seconds)
    if not decision.promote:
        print(f"not promoted: {decision.reason or 'no reason given'}")
        return None
    registered = tasks.register_model(
        best_model=made,
        tracking=made,
        test_report=made,
        checked_data=made,
        workspace=workspace,
        task="classification",
        target_column_name="species",
        registration={
            "model_name": "penguins",
            "aliases": [decision.alias],
            "tags": {"reason": decision.reason},
        },
    )
    facts = registered["registration"]["facts"]
    print(f"{facts['model_name']} version {facts['version']} is {decision.alias}")
    return str(facts["model_uri"])


if __name__ == "__main__":
    penguins_approval()
