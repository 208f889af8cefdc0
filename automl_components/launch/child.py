"""The child's side: read a request, do it, tell what happens, end when the parent does."""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import IO, TYPE_CHECKING, Any

from automl_components.core import errors
from automl_components.core.errors import AutoMLError
from automl_components.core.events import listening
from automl_components.launch.facts import facts_of, tables_of
from automl_components.launch.request import Outcome, Reference, Request

if TYPE_CHECKING:
    from automl_components.core.component import Component
    from automl_components.job import Job

Send = Callable[[dict[str, Any]], None]


def main() -> None:
    """A new process's way: its import path, then :func:`work`."""
    libraries_first()
    work()


def libraries_first() -> None:
    """python -m puts the working folder first, where it might hide a library: put it last."""
    if not getattr(sys.flags, "safe_path", False):
        sys.path.append(sys.path.pop(0))


def work() -> None:
    """Answer the request on standard input; whatever a library prints goes to standard error."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    lifeline = os.fdopen(os.dup(0), encoding="utf-8")
    hello = json.loads(lifeline.readline())
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    sys.path += [place for place in hello["path"] if place not in sys.path]
    # after the path is settled: a thread that imports meanwhile would miss an entry
    threading.Thread(target=_end_with_parent, args=(lifeline,), daemon=True).start()

    def send(message: dict[str, Any]) -> None:
        channel.write(json.dumps(_plain(message)) + "\n")
        channel.flush()

    sys.exit(_answer(hello, send))


def _answer(hello: Mapping[str, Any], send: Send) -> int:
    """Do it and tell the outcome or the error; the exit code."""
    from automl_components.terminal.watching import only_ours

    def on_event(kind: str, facts: dict[str, Any]) -> None:
        send({"kind": "event", "event": kind, "facts": facts})

    request = Request(**hello["request"])
    try:
        with only_ours(), connected(hello["storage_options"]), listening(on_event):
            outcome = answer(request)
            for kind, facts in tables_of(outcome["outputs"]):
                on_event(kind, {"message": "", "level": 20, **facts})
    except KeyboardInterrupt:
        return 130
    except AutoMLError as error:
        known = next(cls for cls in type(error).__mro__ if cls.__module__ == errors.__name__)
        send({"kind": "error", "type": known.__name__, "message": str(error)})
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the process boundary: the parent raises it again
        traceback.print_exc()
        text = f"{request.name} failed: {type(error).__name__}: {error}"
        on_event("note", {"message": traceback.format_exc(), "level": 40})
        send({"kind": "error", "type": "RunError", "message": text})
        return 1
    send({"kind": "outcome", "outcome": outcome})
    return 0


def answer(request: Request) -> Outcome:
    """Do in this process what is asked: the same code path as everywhere."""
    started = time.monotonic()
    references, reused = _component(request) if request.component else (_job(request), False)
    outputs = {name: refer(name, kind, path) for name, (kind, path) in references.items()}
    return {"outputs": outputs, "reused": reused, "seconds": round(time.monotonic() - started, 3)}


def _component(request: Request) -> tuple[dict[str, tuple[str, str]], bool]:
    """Run a component; type and address of its outputs, and whether it was skipped."""
    from automl_components.launch.request import resolve
    from automl_components.pipeline import settings_of
    from automl_components.run import environment

    stage = resolve(request.component)
    job = job_of(request, stage)
    tables = {} if job is None else {name: one for name, one in job.inputs().items() if name in stage.inputs}
    sections = settings_of(stage, request.settings) if job is None else job.sections()
    reuse = request.reuse if request.reuse is not None else job is None or job.facts.cache
    with environment({} if job is None else job.facts.environment_variables):
        made = stage.run(
            {**tables, **request.inputs},
            request.outputs,
            {name: sections[name] for name in stage.settings if name in sections},
            reuse=reuse,
        )
    return {name: (one.type, one.path) for name, one in made.items()}, made.reused


def _job(request: Request) -> dict[str, tuple[str, str]]:
    """Run a whole job; type and address of all that its run has left."""
    from automl_components.core import storage
    from automl_components.pipeline import LINE
    from automl_components.run import run_job

    job = job_of(request)
    assert job is not None
    run = run_job(job, request.folder, reuse=request.reuse)
    ports = {name: port.type for stage in LINE for name, port in stage.outputs.items()}
    return {name: (kind, storage.join(run.folder, name)) for name, kind in ports.items() if run.has(name)}


def job_of(request: Request, stage: Component | None = None) -> Job | None:
    """The job that a request names, with its overrides; a stage that reads no tables can do without them."""
    from automl_components.core.settings import assign, read_mapping
    from automl_components.job import DATA, Job

    if request.job is None:
        return None
    source = request.job if isinstance(request.job, str) else ""
    base = source.rpartition("/")[0] if source else request.base_folder
    values: Any = read_mapping(source) if source else request.job
    for key, value in request.overrides.items():
        values = assign(values, key, value)
    values = {**values, **{name: one for name, one in request.inputs.items() if name in DATA}}
    if stage is not None and "training_data" not in stage.inputs:
        values.setdefault("training_data", "not read here")
    return Job.from_mapping(values, base or None, source=source)


def refer(name: str, kind: str, path: str) -> Reference:
    """A finished artifact as it travels between tasks."""
    from automl_components.core import storage

    marker = storage.read_marker(path)
    digest, files = (marker.digest, marker.files) if marker else ("", {})
    return {"type": kind, "path": path, "digest": digest, "facts": facts_of(name, path, files)}


@contextlib.contextmanager
def connected(options: Mapping[str, Mapping[str, Any]]) -> Iterator[None]:
    """fsspec's file systems with these options, by protocol."""
    if not options:
        yield
        return
    from fsspec.config import conf

    before = dict(conf)
    for protocol, values in options.items():
        conf[protocol] = {**conf.get(protocol, {}), **values}
    try:
        yield
    finally:
        conf.clear()
        conf.update(before)


def _interrupt(number: int, frame: Any) -> None:
    """Unwind once; a second signal must not disturb that."""
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, signal.SIG_IGN)
    raise KeyboardInterrupt


def _end_with_parent(lifeline: IO[str]) -> None:
    """Kill this process and all that it has started as soon as nobody holds the other end."""
    import psutil

    lifeline.read()
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            process.kill()
    os._exit(1)


def _plain(value: Any) -> Any:
    """JSON values only; what is not a number is None, which every reader of JSON understands."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return _plain(value.item()) if hasattr(value, "item") else str(value)
