"""Writes invoices.

Usage: worker.py PERCENT, which is the tax
"""

import json
import os
import signal
import sys

import pika
from invoices import QUEUE, declare

AMQP_URL = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672/")


def main():
    percent = int(sys.argv[1])

    def on_sale(channel, method, properties, body):
        sale = json.loads(body)
        total = round(sale["cents"] * (1 + percent / 100))
        # A new invoice takes the place of the old one: a replay does the work once more.
        print(f"invoice {sale['id']} is {total / 100:.2f}", flush=True)
        channel.basic_ack(method.delivery_tag)

    connection = pika.BlockingConnection(pika.URLParameters(AMQP_URL))
    channel = connection.channel()
    declare(channel)
    channel.basic_qos(prefetch_count=10)
    channel.basic_consume(QUEUE, on_sale)

    def stop(*_):
        # Between two messages, so that the last one is acked.
        connection.add_callback_threadsafe(channel.stop_consuming)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    print("waiting for sales", flush=True)
    channel.start_consuming()
    connection.close()


if __name__ == "__main__":
    main()
