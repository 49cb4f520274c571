"""Takes messages of one queue or topic, and makes of each a message of another, exactly once."""

import json
import os

import pika
from queues import declare

AMQP_URL = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672/")
PREFETCH = 100


def hand_over(source, target, convert):
    """`convert` gets what an order says and returns what the next one is to know of it."""
    connection = pika.BlockingConnection(pika.URLParameters(AMQP_URL))
    channel = connection.channel()
    declare(channel)
    channel.tx_select()
    channel.basic_qos(prefetch_count=PREFETCH)
    print(f"waiting for {source}", flush=True)
    ids = []
    for method, _, body in channel.consume(source):
        order = convert(json.loads(body))
        channel.basic_publish(
            exchange="",
            routing_key=target,
            body=json.dumps(order),
            properties=pika.BasicProperties(
                delivery_mode=2,
                # In a topic the key decides the partition: the orders of a customer stay in their order.
                headers={"x-key": order["customer"]},
            ),
        )
        channel.basic_ack(method.delivery_tag)
        ids.append(order["id"])
        # What has come already goes into the same commit.
        if channel.get_waiting_message_count() > 0 and len(ids) < PREFETCH:
            continue
        # The new messages are there and the old ones are acked, or neither, whatever dies meanwhile.
        channel.tx_commit()
        for each in ids:
            print(f"handed over {each}", flush=True)
        ids.clear()
