"""Where the run came from: data, settings, steps, versions. Addresses are cut to names: the page travels."""

from __future__ import annotations

import re
from typing import Any

from automl_components.core.artifacts import redacted
from automl_components.core.component import is_made_here
from automl_components.report.contents import Contents

DIGITS = 16  # of a fingerprint


def fill(contents: Contents) -> dict[str, Any]:
    """Data with fingerprints, what the job asked for, and what each step took."""
    from automl_components.core.settings import write_yaml

    steps = {marker.component: marker for marker in contents.steps.values()}
    libraries = {name: version for marker in steps.values() for name, version in marker.libraries.items()}
    model = next(
        (m for m in contents.steps.values() if m.type == "mlflow_model" and m.name == "best_model"), None
    )
    return {
        "data": data(contents),
        "steps": [
            {
                "name": marker.component,
                "version": marker.version,
                "seconds": marker.seconds,
                "ended": marker.created,
            }
            for marker in sorted(steps.values(), key=lambda marker: marker.created)
        ],
        "libraries": sorted(libraries.items()),
        "settings": "\n".join(map(redacted, write_yaml(contents.settings).splitlines()))
        if contents.settings
        else "",
        "seed": contents.search.get("seed"),
        "model": model
        and {"digest": model.digest[:DIGITS], "bytes": sum(size for size, _ in model.files.values())},
    }


def data(contents: Contents) -> list[dict[str, str]]:
    """The tables that a user gave, each once."""
    found = {
        name: {"name": name, "file": base_name(given["path"]), "digest": given["digest"][:DIGITS]}
        for marker in contents.steps.values()
        for name, given in marker.inputs.items()
        if not is_made_here(name)
    }
    return [found[name] for name in sorted(found, reverse=True)]  # training before test


def base_name(address: str) -> str:
    """The last part of a path or address, which tells nothing of the machine or the store.

    >>> base_name("/home/ann/bank/train.parquet"), base_name("s3://***@bucket/bank/"), base_name("DataFrame")
    ('train.parquet', 'bank', 'DataFrame')
    """
    parts = [part for part in re.split(r"[/\\\\]+", redacted(address)) if part]
    return parts[-1] if parts else ""
