"""Queues orders.

Usage: order.py FIRST_ID COUNT
"""

import json
import os
import sys

import pika
from queues import ORDERS, declare

AMQP_URL = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672/")
CUSTOMER_COUNT = 7


def main():
    first, count = map(int, sys.argv[1:3])
    connection = pika.BlockingConnection(pika.URLParameters(AMQP_URL))
    channel = connection.channel()
    declare(channel)
    # One commit for all of them: they are all there or none is.
    channel.tx_select()
    for order_id in range(first, first + count):
        order = {
            "id": order_id,
            "customer": f"customer-{order_id % CUSTOMER_COUNT}",
            "pieces": 1 + order_id % 3,
        }
        channel.basic_publish(
            exchange="",
            routing_key=ORDERS,
            body=json.dumps(order),
            properties=pika.BasicProperties(delivery_mode=2),
        )
    channel.tx_commit()
    print(f"ordered {count}", flush=True)
    connection.close()


if __name__ == "__main__":
    main()
