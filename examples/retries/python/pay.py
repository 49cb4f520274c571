"""Queues a payment.

Usage: pay.py ID CARD
"""

import json
import os
import sys

import pika
from payments import QUEUE, declare

AMQP_URL = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672/")


def main():
    payment_id, card = sys.argv[1:3]
    connection = pika.BlockingConnection(pika.URLParameters(AMQP_URL))
    channel = connection.channel()
    declare(channel)
    channel.confirm_delivery()
    channel.basic_publish(
        exchange="",
        routing_key=QUEUE,
        body=json.dumps({"id": payment_id, "card": card}),
        properties=pika.BasicProperties(delivery_mode=2),
    )
    print(f"queued {payment_id}", flush=True)
    connection.close()


if __name__ == "__main__":
    main()
