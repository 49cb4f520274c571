"""The Celery application that worker and client share; the environment says which broker and queue."""

import os
import time

from celery import Celery
from kombu import Exchange, Queue

KIND = os.environ["QUEUE_KIND"]  # classic, quorum or priority
NAME = f"{os.environ['PREFIX']}-{KIND}"
ORDER_FILE = os.environ["ORDER_FILE"]
ARGUMENTS = {
    "classic": {},
    "quorum": {"x-queue-type": "quorum"},
    "priority": {"x-max-priority": 10},
}[KIND]
# Celery sends a countdown through its delay queues only when the exchange is a topic exchange.
EXCHANGE = Exchange(NAME, type="topic" if KIND == "quorum" else "direct")

app = Celery("interop", broker=f"amqp://guest:guest@{os.environ['BROKER']}//", backend="rpc://")
app.conf.update(
    task_queues=[Queue(NAME, EXCHANGE, routing_key=NAME, queue_arguments=ARGUMENTS)],
    task_default_queue=NAME,
    task_default_exchange=NAME,
    task_default_routing_key=NAME,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"confirm_publish": True},
)


@app.task
def add(a, b):
    return a + b


@app.task(bind=True, max_retries=3)
def flaky(self):
    """Fails twice, then says how often it was tried again."""
    if self.request.retries < 2:
        raise self.retry(countdown=1)
    return self.request.retries


@app.task
def note(name):
    """Writes down that it ran, in the order of the runs."""
    with open(ORDER_FILE, "a", encoding="utf-8") as file:
        file.write(f"{name}\n")


@app.task
def hold(seconds):
    """Keeps the only worker process busy until the file of the order says `go`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with open(ORDER_FILE, encoding="utf-8") as file:
            if "go\n" in file.readlines():
                return
        time.sleep(0.02)
    raise TimeoutError("nobody said go")
