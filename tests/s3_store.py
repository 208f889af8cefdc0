"""A store that speaks S3 and wants a key: moto's server, in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

import fsspec
import psutil

SERVER = """
import sys
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}


@dataclass(frozen=True)
class S3Store:
    """Where it is, and a key that opens it.

    Attributes
    ----------
    endpoint : str
    key, secret : str
    """

    endpoint: str
    key: str
    secret: str

    @property
    def options(self) -> dict[str, Any]:
        """What s3fs takes."""
        return {"key": self.key, "secret": self.secret, "endpoint_url": self.endpoint}

    def connection(self, **changes: Any) -> str:
        """An Airflow connection as an environment variable has it."""
        extra = {"endpoint_url": self.endpoint, "region_name": "us-east-1"}
        return json.dumps(
            {"conn_type": "aws", "login": self.key, "password": self.secret, "extra": extra, **changes}
        )

    def find(self, pattern: str) -> list[str]:
        """Paths in the store."""
        fs = fsspec.filesystem("s3", **self.options, skip_instance_cache=True, use_listings_cache=False)
        return [str(path) for path in fs.glob(pattern)]


@contextlib.contextmanager
def s3_server() -> Iterator[S3Store]:
    """The server, with a bucket ``box``; every request must be signed with the key."""
    import boto3

    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            endpoint = f"http://127.0.0.1:{int(process.stdout.readline())}"
            at = {"endpoint_url": endpoint, "region_name": "us-east-1"}
            iam = boto3.client("iam", **at, aws_access_key_id="anyone", aws_secret_access_key="anything")
            iam.create_user(UserName="automl")
            iam.put_user_policy(UserName="automl", PolicyName="all", PolicyDocument=json.dumps(POLICY))
            made = iam.create_access_key(UserName="automl")["AccessKey"]
            store = S3Store(endpoint, made["AccessKeyId"], made["SecretAccessKey"])
            from_now_on = Request(f"{endpoint}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"})
            urlopen(from_now_on).close()
            boto3.client(
                "s3", **at, aws_access_key_id=store.key, aws_secret_access_key=store.secret
            ).create_bucket(Bucket="box")
            yield store
        finally:
            process.kill()


@contextlib.contextmanager
def lost_search(store: S3Store, folder: str, commits: int = 3) -> Iterator[None]:
    """Once a search has this many commits in the store, its process is killed, as that of a lost machine would be."""
    over = threading.Event()

    def watch() -> None:
        while len(store.find(f"{folder}/.trials.draft/commits/*.json")) < commits:
            if over.wait(0.3):
                return
        for process in psutil.Process(os.getpid()).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if "automl_components.launch" in " ".join(process.cmdline()):
                    process.kill()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
