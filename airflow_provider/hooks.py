"""Connections: where artifacts live, and which MLflow server is told, with credentials that never leave them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from airflow.sdk import BaseHook

from automl_components.core.errors import SettingsError
from automl_components.core.storage import is_remote

StorageOptions = dict[str, dict[str, Any]]

_LOGIN = {  # fsspec's names of a user and a secret
    "s3": ("key", "secret"), "abfs": ("account_name", "account_key"), "http": ("username", "password"),
}  # fmt: skip
_ALIASES = {"s3a": "s3", "gcs": "gs", "az": "abfs", "abfss": "abfs", "https": "http"}


class StoreHook(BaseHook):
    """A store for artifacts: any fsspec file system.

    The connection is of the type ``automl_store``: host is the root address (``s3://bucket/automl``), login and
    password are the store's, the extra's ``storage_options`` is whatever else its file system takes. Connections of the
    types ``aws``, ``google_cloud_platform``, ``wasb`` and ``adls`` are understood, too; for these the root is given
    where the connection is used.
    """

    conn_name_attr = "store_conn_id"
    default_conn_name = "automl_default"
    conn_type = "automl_store"
    hook_name = "AutoML store"

    def __init__(self, store_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.store_conn_id = store_conn_id

    @property
    def root(self) -> str:
        """The root address that the connection names; empty where it names none."""
        connection = self.get_connection(self.store_conn_id)
        return (connection.host or "") if connection.conn_type == self.conn_type else ""

    def storage_options(self, root: str = "") -> StorageOptions:
        """What the root's file system is given, by its protocol; empty for a local root.

        Raises
        ------
        SettingsError
            The connection is of a type that is no store.
        """
        root = root or self.root
        if not is_remote(root):
            return {}
        connection = self.get_connection(self.store_conn_id)
        protocol = root.split("://", 1)[0]
        reader = _READERS.get(str(connection.conn_type))
        if reader is None:
            raise SettingsError(
                f"connection {self.store_conn_id!r} is of the type {connection.conn_type!r}; for a store give one of "
                f"{', '.join(_READERS)}"
            )
        options = reader(_ALIASES.get(protocol, protocol), connection)
        return {protocol: {key: value for key, value in options.items() if value not in (None, "", {})}}

    def get_conn(self) -> Any:
        """The store's fsspec file system."""
        import fsspec

        options = self.storage_options()
        return fsspec.core.url_to_fs(self.root, **next(iter(options.values()), {}))[0]

    def test_connection(self) -> tuple[bool, str]:
        """Whether the root can be listed; for the button in Airflow's interface."""
        import fsspec

        try:
            options = next(iter(self.storage_options().values()), {})
            fs, path = fsspec.core.url_to_fs(self.root, **options)
            fs.ls(path)
        except FileNotFoundError:
            return True, f"{self.root} can be reached; nothing is there yet"
        except Exception as error:  # noqa: BLE001 - whatever the file system's library raises is the answer
            return False, f"{type(error).__name__}: {error}"
        return True, f"{self.root} can be listed"


def tracking_environment(conn_id: str) -> dict[str, str]:
    """MLflow's environment variables of a connection (``http`` or any other): host with scheme, login, password."""
    connection = BaseHook.get_connection(conn_id)
    uri = connection.host or ""
    if "://" not in uri:
        uri = f"{connection.schema or 'http'}://{uri}" + (f":{connection.port}" if connection.port else "")
    named = {
        "MLFLOW_TRACKING_URI": uri,
        "MLFLOW_TRACKING_USERNAME": connection.login,
        "MLFLOW_TRACKING_PASSWORD": connection.password,
        "MLFLOW_TRACKING_TOKEN": connection.extra_dejson.get("token"),
    }
    return {key: value for key, value in named.items() if value}


def _own(protocol: str, connection: Any) -> dict[str, Any]:
    user, secret = _LOGIN.get(protocol, ("username", "password"))
    given = connection.extra_dejson.get("storage_options", {})
    if not isinstance(given, Mapping):
        raise SettingsError(f"connection {connection.conn_id!r}: storage_options in its extra is no mapping")
    return {user: connection.login, secret: connection.password, **given}


def _aws(protocol: str, connection: Any) -> dict[str, Any]:
    extra = connection.extra_dejson
    return {
        "key": connection.login or extra.get("aws_access_key_id"),
        "secret": connection.password or extra.get("aws_secret_access_key"),
        "token": extra.get("aws_session_token"),
        "endpoint_url": extra.get("endpoint_url"),
        "profile": extra.get("profile_name"),
        "client_kwargs": {"region_name": extra["region_name"]} if extra.get("region_name") else {},
    }


def _google(protocol: str, connection: Any) -> dict[str, Any]:
    extra = connection.extra_dejson
    keys = extra.get("keyfile_dict")
    return {
        "token": json.loads(keys) if isinstance(keys, str) and keys else keys or extra.get("key_path"),
        "project": extra.get("project"),
    }


def _azure(protocol: str, connection: Any) -> dict[str, Any]:
    extra = connection.extra_dejson
    return {
        "account_name": connection.login,
        "account_key": connection.password,
        "connection_string": extra.get("connection_string"),
        "sas_token": extra.get("sas_token"),
        "tenant_id": extra.get("tenant_id"),
    }


_READERS = {
    "automl_store": _own, "aws": _aws, "google_cloud_platform": _google, "wasb": _azure, "adls": _azure,
}  # fmt: skip
