"""The dramatiq actors that worker and client share; each tells what it did through a file."""

import os
import time

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker

NOTES = os.environ["NOTES"]
QUEUE = os.environ["PREFIX"]

dramatiq.set_broker(
    RabbitmqBroker(
        url=f"amqp://guest:guest@{os.environ['BROKER']}", confirm_delivery=True, max_priority=10
    )
)


def note(text):
    with open(NOTES, "a", encoding="utf-8") as file:
        file.write(f"{text}\n")


def notes():
    with open(NOTES, encoding="utf-8") as file:
        return file.read().split("\n")[:-1]


@dramatiq.actor(queue_name=QUEUE)
def work(name):
    note(name)


@dramatiq.actor(queue_name=QUEUE, max_retries=2, min_backoff=200, max_backoff=300)
def flaky():
    note("flaky")
    raise ValueError("on purpose")


@dramatiq.actor(queue_name=QUEUE)
def hold():
    """Keeps the only thread busy until the notes say `go`."""
    note("held")
    end = time.monotonic() + 20
    while "go" not in notes():
        if time.monotonic() > end:
            raise TimeoutError("nobody said go")
        time.sleep(0.02)
