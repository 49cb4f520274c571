"""Adds up the topic from its beginning, speaks Kafka."""

import json
import os
import signal
import sys
import uuid

from confluent_kafka import Consumer, KafkaException
from queues import TOPIC


def main():
    consumer = Consumer(
        {
            "bootstrap.servers": os.environ.get("KAFKA_BROKERS", "localhost:9092"),
            # A group of its own reads everything again at each start.
            "group.id": f"audit-{uuid.uuid4()}",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([TOPIC])
    # Leave the group at once, also when a supervisor stops the program.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    total = 0
    try:
        while True:
            message = consumer.poll(1)
            if message is None:
                continue
            if message.error():
                raise KafkaException(message.error())
            order = json.loads(message.value())
            total += order["cents"]
            print(f"counted {order['id']}: {total / 100:.2f} in all", flush=True)
    finally:
        consumer.close()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
