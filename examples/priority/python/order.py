"""Orders a report.

Usage: order.py PRIORITY NAME
"""

import os
import sys

import pika
from reports import QUEUE, declare

AMQP_URL = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672/")


def main():
    priority, name = sys.argv[1:3]
    connection = pika.BlockingConnection(pika.URLParameters(AMQP_URL))
    channel = connection.channel()
    declare(channel)
    channel.confirm_delivery()
    channel.basic_publish(
        exchange="",
        routing_key=QUEUE,
        body=name,
        properties=pika.BasicProperties(delivery_mode=2, priority=int(priority)),
    )
    print(f"ordered {name}", flush=True)
    connection.close()


if __name__ == "__main__":
    main()
