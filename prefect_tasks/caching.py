"""Prefect's cache, keyed by what a component is going to do and verified against what is really there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from prefect.cache_policies import CachePolicy
from prefect.context import TaskRunContext
from prefect.results import get_result_store
from prefect.types._datetime import now

from automl_components.core.errors import AutoMLError


@dataclass
class Fingerprint(CachePolicy):
    """Skip a component whose version, input digests, settings and places are those of an earlier run.

    The earlier outputs must still be there with the very bytes that were written; otherwise the work is done again.
    What acts on a server (logging, registration) is only skipped when its own flow run is retried.
    """

    def compute_key(
        self,
        task_ctx: TaskRunContext,
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,
    ) -> str | None:
        """The key; None where an argument is wrong, which the task itself is going to tell."""
        try:
            call = task_ctx.task.fn.call(inputs)  # type: ignore[attr-defined]
            if call.component.external:
                return f"{call.key}-{task_ctx.task_run.flow_run_id or task_ctx.task_run.id}"
            key: str = call.key
            store = get_result_store()
            if store.exists(key) and not call.is_done():
                store.write(None, key=key, expiration=cast(Any, now("UTC") - timedelta(seconds=1)))
        except (AutoMLError, OSError):
            return None
        return key
