"""Sign-up service: registers users and queues an e-mail task for each.

Usage: signup.py [FIRST_ID [COUNT]]
"""

import json
import os
import sys
import time

import pika
from pika.exceptions import AMQPError

AMQP_URL = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672/")
QUEUE = "email_task_queue"


def connect():
    connection = pika.BlockingConnection(pika.URLParameters(AMQP_URL))
    channel = connection.channel()
    channel.queue_declare(queue=QUEUE, durable=True)
    channel.confirm_delivery()
    return channel


def publish(channel, task):
    """Returns when the broker has the task on disk."""
    channel.basic_publish(
        exchange="",
        routing_key=QUEUE,
        body=json.dumps(task),
        properties=pika.BasicProperties(delivery_mode=2),
    )


def main():
    first = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    channel = None
    for user_id in range(first, first + count):
        email = "user@example.com" if user_id == 1 else f"user{user_id}@example.com"
        while True:
            try:
                channel = channel or connect()
                publish(channel, {"id": user_id, "email": email})
                break
            except AMQPError:
                print("broker is away, trying again", file=sys.stderr)
                channel = None
                time.sleep(0.2)
        print(f"signed up {user_id}", flush=True)
    channel.connection.close()


if __name__ == "__main__":
    main()
