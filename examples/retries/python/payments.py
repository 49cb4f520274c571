"""The queues that all three programs declare in the same way."""

import os

QUEUE = "payments"
DEAD_QUEUE = "payments.dead"
FIRST_RETRY_MS = int(os.environ.get("FIRST_RETRY_MS", "1000"))


def declare(channel):
    # A classic queue: a quorum queue would drop a dead letter that was looked at too often.
    channel.queue_declare(DEAD_QUEUE, durable=True)
    channel.queue_declare(
        QUEUE,
        durable=True,
        arguments={
            # Only quorum queues count how often a message came back.
            "x-queue-type": "quorum",
            # The broker waits before each retry: 1 s, 2 s, 3 s, ..., a minute at most.
            "x-delayed-retry-type": "all",
            "x-delayed-retry-min": FIRST_RETRY_MS,
            "x-delayed-retry-max": 60 * FIRST_RETRY_MS,
            # The first try and three more.
            "x-delivery-limit": 3,
            # The default exchange leads to the queue that the routing key names.
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": DEAD_QUEUE,
        },
    )
