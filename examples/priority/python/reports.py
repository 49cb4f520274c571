"""The queue, declared by both programs in the same way."""

QUEUE = "report_orders"


def declare(channel):
    channel.queue_declare(
        QUEUE,
        durable=True,
        # Higher ones count as 3, and messages without a priority as 0.
        arguments={"x-max-priority": 3},
    )
