"""The queue that both programs declare in the same way."""

QUEUE = "invoices"
DAY = 24 * 60 * 60 * 1000


def declare(channel):
    # Acked messages stay this long, and can be made ready again.
    channel.queue_declare(QUEUE, durable=True, arguments={"x-retention-ms": 7 * DAY})
