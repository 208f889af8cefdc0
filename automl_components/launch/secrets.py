"""What sounds secret by its name, and must not be told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_SECRET = re.compile(r"key|secret|token|password|passwd|sas|credential|connection_string", re.IGNORECASE)


def sounds_secret(key: str) -> bool:
    """Whether the value of a key, or of an environment variable, must not be told."""
    return bool(_SECRET.search(key))


def secrets_of(options: Mapping[str, Any], *, all_of_it: bool = False) -> Iterator[str]:
    """Values that must not be told: those whose key, or an outer one, sounds secret."""
    for key, value in options.items():
        secret = all_of_it or sounds_secret(key)
        if isinstance(value, Mapping):
            yield from secrets_of(value, all_of_it=secret)
        elif secret and len(str(value)) >= 4:  # a shorter one would mask half of every sentence
            yield from {str(value), json.dumps(str(value))[1:-1]}  # as it is, and as a JSON line has it
