"""Sends parcels."""

import json
import os

import pika
from parcels import QUEUE, declare

AMQP_URL = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672/")


def on_parcel(channel, method, properties, body):
    print(f"sent {json.loads(body)['id']}", flush=True)
    channel.basic_ack(method.delivery_tag)


def main():
    connection = pika.BlockingConnection(pika.URLParameters(AMQP_URL))
    channel = connection.channel()
    declare(channel)
    channel.basic_qos(prefetch_count=10)
    channel.basic_consume(QUEUE, on_parcel)
    print("waiting for parcels", flush=True)
    channel.start_consuming()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
