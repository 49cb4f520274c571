"""dramatiq against an AMQP broker: python dramatiq_client.py HOST:PORT PREFIX

The worker is a process of its own, as in production.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pika
from report import BROKER, PREFIX, step, until

scratch = tempfile.TemporaryDirectory()
path = Path(scratch.name, "notes")
path.touch()
# The worker holds the message of its only thread, and no more: the rest waits in the queue.
os.environ.update(BROKER=BROKER, PREFIX=PREFIX, NOTES=str(path), dramatiq_queue_prefetch="1")
from dramatiq_tasks import flaky, hold, note, notes, work  # noqa: E402

connection = pika.BlockingConnection(pika.URLParameters(f"amqp://guest:guest@{BROKER}/%2F"))
channel = connection.channel()


def ready(queue):
    return channel.queue_declare(queue, passive=True).method.message_count


def pause():
    connection.sleep(0.02)


def wait_for(what, condition):
    until(what, lambda: condition() or pause())


def result():
    work.send("now")
    wait_for("the task", lambda: "now" in notes())
    return {}


def delay():
    begin = time.monotonic()
    work.send_with_options(args=("later",), delay=1000)
    wait_for("the delayed task", lambda: "later" in notes())
    return {"early": time.monotonic() - begin < 1}


def retries():
    """After its last try a message is rejected, and the broker moves it to the dead letters."""
    flaky.send()
    wait_for("the dead letter", lambda: ready(f"{PREFIX}.XQ") == 1)
    return {"tries": notes().count("flaky"), "dead": ready(f"{PREFIX}.XQ")}


def by_priority():
    hold.send()
    wait_for("the thread is busy", lambda: "held" in notes())
    begin = len(notes())
    for priority in (0, 0, 1, 5, 9, 3):
        work.send_with_options(args=(str(priority),), broker_priority=priority)
    wait_for("the rest waits", lambda: ready(PREFIX) == 6)
    note("go")
    wait_for("all tasks", lambda: len(notes()) == begin + 7)
    return {"order": notes()[begin + 1 :]}


command = [sys.executable, "-m", "dramatiq", "--processes", "1", "--threads", "1", "dramatiq_tasks"]
worker = subprocess.Popen(command, cwd=Path(__file__).parent, stderr=subprocess.DEVNULL)
try:
    step("task", result)
    step("delay", delay)
    step("retries, then dead letter", retries)
    step("priority", by_priority)
finally:
    worker.terminate()
    worker.wait()
    scratch.cleanup()
