"""The exchange that waits and the queue behind it, declared by both programs in the same way."""

EXCHANGE = "reminders.later"
QUEUE = "reminders"


def declare(channel):
    channel.exchange_declare(
        EXCHANGE,
        exchange_type="x-delayed-message",
        durable=True,
        # How the exchange routes once the delay has passed.
        arguments={"x-delayed-type": "direct"},
    )
    channel.queue_declare(QUEUE, durable=True)
    channel.queue_bind(QUEUE, EXCHANGE, routing_key=QUEUE)
