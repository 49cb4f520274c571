"""Makes reports, the most urgent first."""

import os

import pika
from reports import QUEUE, declare

AMQP_URL = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672/")


def on_order(channel, method, properties, body):
    print(f"made {body.decode()}", flush=True)
    channel.basic_ack(method.delivery_tag)


def main():
    connection = pika.BlockingConnection(pika.URLParameters(AMQP_URL))
    channel = connection.channel()
    declare(channel)
    # What a worker has fetched cannot be overtaken any more, so it fetches one at a time.
    channel.basic_qos(prefetch_count=1)
    channel.basic_consume(QUEUE, on_order)
    print("waiting for orders", flush=True)
    channel.start_consuming()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
