"""Celery against an AMQP broker: python celery_client.py HOST:PORT PREFIX

The worker is a process of its own, as in production; it is started anew for each kind of queue.
"""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from report import BROKER, PREFIX, step, until

KIND = sys.argv[3] if len(sys.argv) > 3 else None


def run_kinds():
    """One process for each kind: an application knows one default queue."""
    for kind in ("classic", "quorum", "priority"):
        subprocess.run([sys.executable, __file__, BROKER, PREFIX, kind], check=True)


@contextmanager
def worker(folder):
    """A worker with one process, stopped at the end; what it said is shown if it does not come up."""
    log = Path(folder, "worker.log")
    options = ["--concurrency", "1", "--pool", "prefork", "--without-gossip", "--without-mingle"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "celery_tasks", "worker", *options],
            cwd=Path(__file__).parent,
            stdout=output,
            stderr=output,
        )
    try:
        if not until("the worker answers", lambda: app.control.ping(timeout=0.5), 40):
            raise TimeoutError
        yield
    except TimeoutError as error:
        raise TimeoutError(f"{error}\n{log.read_text()[-3000:]}") from error
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def timed(send):
    """The result of a task, and the whole seconds until it was there."""
    begin = time.monotonic()
    result = send().get(timeout=20)
    return result, time.monotonic() - begin


def countdown(seconds):
    result, passed = timed(lambda: add.apply_async((1, 1), countdown=seconds))
    return {"result": result, "early": passed < seconds, "late": passed > seconds + 3}


def retry():
    result, passed = timed(flaky.delay)
    return {"retries": result, "early": passed < 2}


def active_queues():
    found = app.control.inspect(timeout=2).active_queues()
    return [queue["name"] == NAME for queues in found.values() for queue in queues]


def by_priority():
    """The only worker process is busy while the others queue up."""
    Path(ORDER_FILE).write_text("")
    held = hold.delay(20)
    until("the first task is taken", lambda: app.control.inspect(timeout=0.5).active(), 20)
    last = [note.apply_async((n,), priority=n) for n in (0, 1, 2, 5, 9, 9, 1)]
    wait_for_queue(len(last))
    with open(ORDER_FILE, "a", encoding="utf-8") as file:
        file.write("go\n")
    held.get(timeout=20)
    for result in last:
        result.get(timeout=20)
    return {"order": [int(line) for line in Path(ORDER_FILE).read_text().split() if line != "go"]}


def wait_for_queue(count):
    def ready():
        with app.connection_for_write() as connection:
            return connection.default_channel.queue_declare(NAME, passive=True).message_count
    until(f"{count} tasks wait", lambda: ready() >= count)


def common_steps():
    step(f"{KIND}: result", lambda: {"result": add.delay(1, 2).get(timeout=20)})
    step(f"{KIND}: countdown", lambda: countdown(1.5))
    step(f"{KIND}: retry", retry)


if KIND is None:
    run_kinds()
    sys.exit()

scratch = tempfile.TemporaryDirectory()
os.environ.update(
    BROKER=BROKER, PREFIX=PREFIX, QUEUE_KIND=KIND, ORDER_FILE=str(Path(scratch.name, "order"))
)
from celery import chain, group  # noqa: E402
from celery_tasks import NAME, ORDER_FILE, add, app, flaky, hold, note  # noqa: E402

with scratch, worker(scratch.name):
    if KIND == "priority":
        step("priority: order", by_priority)
    else:
        common_steps()
    if KIND == "classic":
        step("classic: group", lambda: {"results": group(add.s(n, n) for n in range(5))().get(timeout=20)})
        step("classic: chain", lambda: {"result": chain(add.s(1, 2), add.s(3))().get(timeout=20)})
        step("classic: inspect", lambda: {"own queue": active_queues()})
