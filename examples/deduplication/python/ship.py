"""Queues parcels, once each, however often it is started.

Usage: ship.py FIRST_ID LAST_ID
"""

import json
import os
import sys

import pika
from parcels import EXCHANGE, declare

AMQP_URL = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672/")


def main():
    first, last = map(int, sys.argv[1:3])
    connection = pika.BlockingConnection(pika.URLParameters(AMQP_URL))
    channel = connection.channel()
    declare(channel)
    channel.confirm_delivery()
    for parcel_id in range(first, last + 1):
        # Returns with the confirm. That of a parcel that was sent before says that the first one is on disk.
        channel.basic_publish(
            exchange=EXCHANGE,
            routing_key="",
            body=json.dumps({"id": parcel_id}),
            properties=pika.BasicProperties(
                delivery_mode=2,
                headers={"x-deduplication-header": f"parcel-{parcel_id}"},
            ),
        )
        print(f"shipped {parcel_id}", flush=True)
    connection.close()


if __name__ == "__main__":
    main()
