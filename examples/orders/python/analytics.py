"""Analytics: adds up what was sold per day. Usage: analytics.py [--since DAYS]

--since 7 rewinds the group to a week ago and reads on from there; without, it goes on where it was.
"""

import json
import os
import signal
import sys
import time
from collections import Counter
from datetime import datetime, timezone

from confluent_kafka import Consumer, KafkaException, TopicPartition

DAY = 24 * 60 * 60 * 1000
SETTINGS = {
    "bootstrap.servers": os.environ.get("KAFKA_BROKERS", "localhost:9092"),
    "group.id": "analytics",
    "auto.offset.reset": "earliest",
}


def as_date(milliseconds):
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc).isoformat()


def rewind(since):
    """Sets the group's offsets to the first orders that are not older than a time."""
    consumer = Consumer(SETTINGS)
    count = len(consumer.list_topics("orders").topics["orders"].partitions)
    offsets = consumer.offsets_for_times([TopicPartition("orders", n, since) for n in range(count)])
    for each in offsets:
        if each.offset < 0:  # nothing is that young: go on at the end
            each.offset = consumer.get_watermark_offsets(each)[1]
    consumer.commit(offsets=offsets, asynchronous=False)
    consumer.close()
    print(f"rewound to {as_date(since)}", flush=True)


sold = Counter()


def count(order):
    date = as_date(order["time"])[:10]
    sold[date] += order["cents"]
    total = f"{date} is at {sold[date] / 100:.2f}"
    print(f"counted {order['id']} of {order['user']}: {total}", flush=True)


if sys.argv[1:2] == ["--since"]:
    rewind(int(time.time() * 1000) - int(sys.argv[2]) * DAY)

consumer = Consumer(SETTINGS)
consumer.subscribe(["orders"])
# Leave the group at once, also when a supervisor stops the program.
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
try:
    while True:
        message = consumer.poll(1)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        count(json.loads(message.value()))
except KeyboardInterrupt:
    pass
finally:
    consumer.close()
