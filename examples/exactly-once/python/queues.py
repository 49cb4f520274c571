"""The queues and the topic that all programs declare in the same way."""

ORDERS = "new_orders"
TOPIC = "priced_orders"
# Reads the topic as a work queue does: the records are acked one by one and stay in the topic.
TOPIC_FOR_PACKING = "priced_orders.packing"
PARCELS = "parcels"


def declare(channel):
    channel.queue_declare(ORDERS, durable=True)
    channel.queue_declare(
        TOPIC, durable=True, arguments={"x-queue-type": "stream", "x-partitions": 3}
    )
    channel.queue_declare(
        TOPIC_FOR_PACKING,
        durable=True,
        arguments={"x-source": TOPIC, "x-source-offset": "first"},
    )
    channel.queue_declare(PARCELS, durable=True)
