"""Adds up the topic from its beginning, speaks Kafka."""

import json
import os
import signal
import sys
import uuid

from confluent_kafka import Consumer, KafkaError, KafkaException
from queues import TOPIC


def is_missing_topic(error):
    return error is not None and error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART


def main():
    consumer = Consumer(
        {
            "bootstrap.servers": os.environ.get("KAFKA_BROKERS", "localhost:9092"),
            # A group of its own reads everything again at each start.
            "group.id": f"audit-{uuid.uuid4()}",
            "auto.offset.reset": "earliest",
            # The topic comes with the workers, which may be started later.
            "topic.metadata.refresh.interval.ms": 1000,
        }
    )
    consumer.subscribe([TOPIC])
    print(f"waiting for {TOPIC}", flush=True)
    # Leave the group at once, also when a supervisor stops the program.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    total = 0
    try:
        while True:
            message = consumer.poll(1)
            if message is None or is_missing_topic(message.error()):
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
