"""Leases: which machine may write at a remote address, told by a small file that its holder renews."""

from __future__ import annotations

import json
import os
import posixpath
import random
import socket
import time
from contextlib import suppress
from threading import Event, Thread
from typing import Any
from uuid import uuid4

from automl_components.core import storage
from automl_components.core.artifacts import redacted
from automl_components.core.errors import ArtifactError
from automl_components.core.events import emit

SILENCE = 60.0
"""Seconds without a sign of life after which another machine takes over; ``AUTOML_LEASE_SECONDS`` says otherwise."""
_TRIES = 5


class Lease:
    """The right to write at an address, as long as nobody took it over.

    A store that can only write, read, list and delete whole files is enough. Who wants the lease writes a claim under
    a name of his own and then lists all claims: of two who want it at once at least one sees the other and withdraws.
    No clock is compared with another one's: a holder is gone when its claim was seen to stay the same for as long as
    it says.

    Parameters
    ----------
    folder : str
        Address of the folder that the claims lie in.
    what : str
        What is written, for messages.
    owner : str
        Name of the claim. Whoever uses the same name at the same time must be kept away by other means.
    """

    def __init__(self, folder: str, what: str, owner: str) -> None:
        self.what, self._name = redacted(what), f"{owner}.json"
        self._fs, self._folder = storage.filesystem(folder)
        self._silence = float(os.environ.get("AUTOML_LEASE_SECONDS") or SILENCE)
        self._session = uuid4().hex
        self._claim: dict[str, Any] = {
            "host": socket.gethostname(), "pid": os.getpid(), "session": self._session, "beat": 0,
            "silence": self._silence,
        }  # fmt: skip
        self._end, self._lost = Event(), False
        self._renewing = Thread(target=self._renew, name="lease", daemon=True)

    def acquire(self) -> None:
        """Get the lease; a holder that shows no sign of life is waited for and then replaced.

        Raises
        ------
        ArtifactError
            Another machine is alive and holds it.
        """
        for _ in range(_TRIES):
            self._outlive(self._claims())
            self._write()
            others = self._claims()
            if not others:
                self._renewing.start()
                return
            self._withdraw()
            time.sleep(random.random())  # noqa: S311 - so that two do not meet again
        raise self._refusal(next(iter(others.values())))

    def check(self, *, ask: bool = False) -> None:
        """Raise an ArtifactError when another machine has taken over, as far as is known, or as the store says now."""
        self._lost = self._lost or (ask and not self._is_held())
        if self._lost:
            raise ArtifactError(
                f"{self.what}: this process gave no sign of life for {self._silence:g} s and another machine took "
                "over; what was finished here is not lost, start again to see how far the other one is"
            )

    def release(self) -> None:
        """Give the lease back; a store that does not answer any more is left to itself."""
        self._end.set()
        if self._renewing.ident is not None:
            self._renewing.join()
        if not self._lost:
            with suppress(OSError):
                self._withdraw()

    def _claims(self) -> dict[str, bytes]:
        """The others' claims by name."""
        self._fs.invalidate_cache()
        found = {}
        with suppress(FileNotFoundError):
            for path in self._fs.ls(self._folder, detail=False):
                name = posixpath.basename(path.rstrip("/"))
                with suppress(FileNotFoundError):
                    if name.endswith(".json") and name != self._name:
                        found[name] = bytes(self._fs.cat_file(posixpath.join(self._folder, name)))
        return found

    def _outlive(self, claims: dict[str, bytes]) -> None:
        """Come back when no claim is left; ArtifactError when one of them is renewed."""
        first, began = dict(claims), time.monotonic()
        if claims:
            seconds = max(_silence(claim, self._silence) for claim in claims.values())
            emit(
                "note",
                f"{self.what}: begun by {_holder(*claims.values())}; waiting {seconds:g} s for a sign of life",
            )
        while claims:
            for name, claim in claims.items():
                if first.setdefault(name, claim) != claim:
                    raise self._refusal(first[name])
                if time.monotonic() - began >= _silence(claim, self._silence):
                    emit("note", f"{self.what}: no sign of life of {_holder(claim)}; taking over")
                    with suppress(FileNotFoundError):
                        self._fs.rm_file(posixpath.join(self._folder, name))
            time.sleep(self._silence / 60)
            claims = self._claims()

    def _refusal(self, claim: bytes) -> ArtifactError:
        return ArtifactError(
            f"{self.what} is being written by another process, on {_holder(claim)}; wait for it, or give another place"
        )

    def _write(self) -> None:
        self._claim["beat"] += 1
        self._fs.makedirs(self._folder, exist_ok=True)
        self._fs.pipe_file(posixpath.join(self._folder, self._name), json.dumps(self._claim).encode())

    def _withdraw(self) -> None:
        with suppress(FileNotFoundError):
            self._fs.rm_file(posixpath.join(self._folder, self._name))

    def _is_held(self) -> bool:
        place = posixpath.join(self._folder, self._name)
        return self._fs.exists(place) and _read(self._fs.cat_file(place)).get("session") == self._session

    def _renew(self) -> None:
        """Show a sign of life again and again, until the end or until the claim is gone."""
        while not self._end.wait(self._silence / 6):
            with suppress(Exception):  # drivers of stores raise what they like; the next round tries again
                if not self._is_held():
                    self._lost = True
                    return
                self._write()


def _read(claim: bytes) -> dict[str, Any]:
    """What a claim says; nothing while it is being written."""
    try:
        values = json.loads(claim)
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def _silence(claim: bytes, default: float) -> float:
    return float(_read(claim).get("silence", default))


def _holder(*claims: bytes) -> str:
    """Who holds claims, for a message."""
    found = [f"{said.get('host', '?')} (process {said.get('pid', '?')})" for said in map(_read, claims)]
    return " and ".join(found)
