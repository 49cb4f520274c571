"""Billing: charges every order. Start several: they are members of one group and share the partitions."""

import json
import os
import signal
import sys

from confluent_kafka import Consumer, KafkaException

# A member that dies is missed after the session timeout; then the others get its partitions.
consumer = Consumer({
    "bootstrap.servers": os.environ.get("KAFKA_BROKERS", "localhost:9092"),
    "group.id": "billing",
    "auto.offset.reset": "earliest",
    "enable.auto.commit": False,
    "session.timeout.ms": 6000,
    "heartbeat.interval.ms": 1000,
})


def on_assign(_, partitions):
    print("has partitions", *sorted(each.partition for each in partitions), flush=True)


def charge(order):
    print(f"billed {order['id']} of {order['user']}: {order['cents'] / 100:.2f}", flush=True)


consumer.subscribe(["orders"], on_assign=on_assign)
# Leave the group at once, also when a supervisor stops the program.
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
try:
    while True:
        message = consumer.poll(1)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        charge(json.loads(message.value()))
        # Committed after each order: a member that takes over bills at most one order again.
        consumer.commit(message, asynchronous=False)
except KeyboardInterrupt:
    pass
finally:
    consumer.close()
