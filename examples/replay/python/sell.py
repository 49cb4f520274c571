"""Asks for an invoice of each sale.

Usage: sell.py FIRST_ID COUNT
"""

import json
import os
import sys
from datetime import datetime, timezone

import pika
from invoices import QUEUE, declare

AMQP_URL = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672/")


def main():
    first, count = map(int, sys.argv[1:3])
    connection = pika.BlockingConnection(pika.URLParameters(AMQP_URL))
    channel = connection.channel()
    declare(channel)
    channel.confirm_delivery()
    since = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    for sale_id in range(first, first + count):
        channel.basic_publish(
            exchange="",
            routing_key=QUEUE,
            body=json.dumps({"id": sale_id, "cents": sale_id * 100}),
            properties=pika.BasicProperties(delivery_mode=2),
        )
    print(f"sold {count} since {since.replace('+00:00', 'Z')}", flush=True)
    connection.close()


if __name__ == "__main__":
    main()
