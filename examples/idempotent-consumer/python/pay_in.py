"""Queues a deposit.

Usage: pay_in.py ID ACCOUNT AMOUNT
"""

import json
import os
import sys

import pika

AMQP_URL = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672/")
QUEUE = "deposits"


def main():
    message_id, account, amount = sys.argv[1:4]
    connection = pika.BlockingConnection(pika.URLParameters(AMQP_URL))
    channel = connection.channel()
    channel.queue_declare(QUEUE, durable=True)
    channel.confirm_delivery()
    channel.basic_publish(
        exchange="",
        routing_key=QUEUE,
        body=json.dumps({"account": account, "amount": int(amount)}),
        # The id names the deposit, not the attempt: whoever sends it again uses the same one.
        properties=pika.BasicProperties(delivery_mode=2, message_id=message_id),
    )
    print(f"queued {message_id}", flush=True)
    connection.close()


if __name__ == "__main__":
    main()
