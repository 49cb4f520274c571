"""Asks for prices, all at once.

Usage: client.py ITEM...
"""

import json
import os
import sys
import time
import uuid

import pika

AMQP_URL = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672/")
TIMEOUT_MS = int(os.environ.get("TIMEOUT_MS", "5000"))
QUEUE = "price_requests"
# Stands for this channel: the broker brings replies to it, and no queue is declared for them.
REPLY_TO = "amq.rabbitmq.reply-to"


def main():
    connection = pika.BlockingConnection(pika.URLParameters(AMQP_URL))
    channel = connection.channel()
    channel.queue_declare(QUEUE, durable=True)

    waiting = {}  # items by correlation id

    def on_reply(channel, method, properties, body):
        item = waiting.pop(properties.correlation_id, None)
        if item is None:
            return
        reply = json.loads(body)
        text = f": {reply['error']}" if "error" in reply else f" costs {reply['price']}"
        print(f"{item}{text}", flush=True)

    # Direct replies are never acked, and must be consumed before the first request.
    channel.basic_consume(REPLY_TO, on_reply, auto_ack=True)
    for item in sys.argv[1:]:
        correlation_id = str(uuid.uuid4())
        waiting[correlation_id] = item
        channel.basic_publish(
            exchange="",
            routing_key=QUEUE,
            body=json.dumps({"item": item}),
            properties=pika.BasicProperties(
                reply_to=REPLY_TO,
                correlation_id=correlation_id,
                # No server needs to work on a request that nobody waits for any more.
                expiration=str(TIMEOUT_MS),
            ),
        )

    give_up_at = time.monotonic() + TIMEOUT_MS / 1000
    while waiting and (left := give_up_at - time.monotonic()) > 0:
        connection.process_data_events(time_limit=left)
    for item in waiting.values():
        print(f"{item}: no answer in time", flush=True)
    connection.close()


if __name__ == "__main__":
    main()
