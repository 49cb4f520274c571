"""Queues a reminder for later.

Usage: remind.py SECONDS TEXT
"""

import os
import sys

import pika
from reminders import EXCHANGE, QUEUE, declare

AMQP_URL = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672/")


def main():
    seconds, text = sys.argv[1:3]
    connection = pika.BlockingConnection(pika.URLParameters(AMQP_URL))
    channel = connection.channel()
    declare(channel)
    # Returns with the confirm: the waiting message is on disk and outlives a restart of the broker.
    channel.confirm_delivery()
    channel.basic_publish(
        exchange=EXCHANGE,
        routing_key=QUEUE,
        body=text,
        properties=pika.BasicProperties(
            delivery_mode=2,
            # Milliseconds, 49 days at most. Without the header the message is routed at once.
            headers={"x-delay": round(float(seconds) * 1000)},
        ),
    )
    print(f"reminder in {seconds} s: {text}", flush=True)
    connection.close()


if __name__ == "__main__":
    main()
