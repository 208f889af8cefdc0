"""One component, or a whole job, in a child process that can be ended: what the orchestrators' adapters run.

The parent sends one JSON line to the child's standard input and keeps it open as a lifeline: a child never outlives
its parent. The child answers with JSON lines: events as they happen, then the outcome or the error.

>>> request = Request("search_trials", {"features": "runs/a/features"}, {"trials": "runs/a/trials"})
>>> request.name
'search_trials'
"""

from automl_components.launch.process import Child, StoppedError, run
from automl_components.launch.request import Outcome, Request, reference, resolve

__all__ = ["Child", "Outcome", "Request", "StoppedError", "reference", "resolve", "run"]
