"""What both programs declare in the same way."""

EXCHANGE = "parcels"
QUEUE = "parcels.to-send"


def declare(channel):
    channel.exchange_declare(
        EXCHANGE,
        "x-message-deduplication",
        durable=True,
        arguments={
            # How many ids are remembered. More than can be sent before the first one is sent again.
            "x-cache-size": 100_000,
            # And for how long: an hour.
            "x-cache-ttl": 60 * 60 * 1000,
        },
    )
    channel.queue_declare(QUEUE, durable=True)
    channel.queue_bind(QUEUE, EXCHANGE)
