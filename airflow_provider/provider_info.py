"""What Airflow is told of this provider, by the entry point ``apache_airflow_provider``."""

from __future__ import annotations

from typing import Any

NAME = "AutoML Components"


def get_provider_info() -> dict[str, Any]:
    """Name, version, operators, links and connection type."""
    from automl_components import __version__

    modules = ["component", "gates", "job", "operators", "task_group"]
    return {
        "package-name": "automl-components",
        "name": NAME,
        "description": "Automated machine learning as typed components, each a task of its own.",
        "versions": [__version__],
        "integrations": [{"integration-name": NAME, "tags": ["software"]}],
        "operators": [
            {"integration-name": NAME, "python-modules": [f"airflow_provider.{one}" for one in modules]}
        ],
        "hooks": [{"integration-name": NAME, "python-modules": ["airflow_provider.hooks"]}],
        "connection-types": [
            {
                "connection-type": "automl_store",
                "hook-class-name": "airflow_provider.hooks.StoreHook",
                "hook-name": "AutoML store",
                "ui-field-behaviour": {
                    "hidden-fields": ["schema", "port"],
                    "relabeling": {"host": "Root address", "login": "Key or user", "password": "Secret"},
                    "placeholders": {
                        "host": "s3://bucket/automl",
                        "extra": '{"storage_options": {"endpoint_url": "https://..."}}',
                    },
                },
            }
        ],
        "extra-links": ["airflow_provider.links.ReportLink", "airflow_provider.links.MLflowLink"],
    }
