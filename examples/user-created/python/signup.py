"""Sign-up service: tells everyone who listens that a user was created.

Usage: signup.py [FIRST_ID [COUNT]]
"""

import json
import os
import sys

import pika

AMQP_URL = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672/")
EXCHANGE = "user_events"


def main():
    first = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1

    connection = pika.BlockingConnection(pika.URLParameters(AMQP_URL))
    channel = connection.channel()
    channel.exchange_declare(exchange=EXCHANGE, exchange_type="topic", durable=True)
    channel.confirm_delivery()
    for user_id in range(first, first + count):
        event = {"id": user_id, "email": f"user{user_id}@example.com"}
        channel.basic_publish(
            exchange=EXCHANGE,
            routing_key="user.created",
            body=json.dumps(event),
            properties=pika.BasicProperties(delivery_mode=2, content_type="application/json"),
        )
        print(f"created {user_id}", flush=True)
    connection.close()


if __name__ == "__main__":
    main()
