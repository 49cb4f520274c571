"""The shop: places orders. Usage: place_orders.py [COUNT [FIRST_ID [DAYS]]]

With DAYS the orders are dated evenly over the last so many days; without, now.
"""

import json
import os
import sys
import time

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

DAY = 24 * 60 * 60 * 1000
USERS = 10
BROKERS = os.environ.get("KAFKA_BROKERS", "localhost:9092")

arguments = [int(argument) for argument in sys.argv[1:]]
count, first, days = arguments + [1, 1, 0][len(arguments):]

admin = AdminClient({"bootstrap.servers": BROKERS})
try:
    admin.create_topics([NewTopic("orders", 6)])["orders"].result()
except KafkaException as error:
    if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
        raise

# The key decides the partition: all orders of a user are in one, in their order. This partitioner
# is the one of the other clients; librdkafka's own puts the same user elsewhere.
producer = Producer({
    "bootstrap.servers": BROKERS,
    "enable.idempotence": True,
    "partitioner": "murmur2_random",
})


def placed(order):
    def report(error, message):
        if error:
            sys.exit(f"order {order['id']} was not placed: {error}")
        place = f"{order['id']} of {order['user']} in partition {message.partition()}"
        print(f"placed {place}", flush=True)

    return report


start = int(time.time() * 1000) - days * DAY
for n in range(count):
    number = first + n
    order = {
        "id": number,
        "user": f"user-{number % USERS}",
        "cents": 500 + number * 37 % 9500,
        "time": start + n * days * DAY // count,
    }
    producer.produce(
        "orders",
        key=order["user"],
        value=json.dumps(order),
        timestamp=order["time"],
        on_delivery=placed(order),
    )
    producer.poll(0)
producer.flush()
