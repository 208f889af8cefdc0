"""The components as Prefect tasks, and a whole job as a flow.

>>> from prefect_tasks import automl_flow, component_task, tasks
>>> tasks.search_trials.name
'search_trials'
"""

from prefect_tasks import tasks
from prefect_tasks.flows import automl_flow, automl_subflow
from prefect_tasks.tasks import automl_task, component_task
from prefect_tasks.workspace import Workspace

__all__ = ["Workspace", "automl_flow", "automl_subflow", "automl_task", "component_task", "tasks"]
