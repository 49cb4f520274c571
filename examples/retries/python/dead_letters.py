"""Shows the dead letters; with --retry puts them back into the queue that they come from."""

import os
import sys

import pika
from payments import DEAD_QUEUE, declare

AMQP_URL = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672/")


def main():
    is_retry = sys.argv[1:] == ["--retry"]
    connection = pika.BlockingConnection(pika.URLParameters(AMQP_URL))
    channel = connection.channel()
    declare(channel)
    channel.confirm_delivery()
    # As many as there are now: what dies again meanwhile is left for the next time.
    count = channel.queue_declare(DEAD_QUEUE, passive=True).method.message_count
    for _ in range(count):
        method, properties, body = channel.basic_get(DEAD_QUEUE)
        if method is None:
            break
        # The newest death stands first.
        death = properties.headers["x-death"][0]
        print(f"{death['reason']} in {death['queue']}: {body.decode()}", flush=True)
        if not is_retry:
            continue
        # Returns when the copy is on disk. A crash before the ack makes two, never none.
        channel.basic_publish(
            exchange="",
            routing_key=death["queue"],
            body=body,
            properties=pika.BasicProperties(delivery_mode=2),
        )
        channel.basic_ack(method.delivery_tag)
    # What was not acked goes back into the queue.
    connection.close()


if __name__ == "__main__":
    main()
