"""E-mail worker: takes tasks one at a time and sends the e-mail."""

import json
import os
import sys
import time

import pika
from pika.exceptions import AMQPError

AMQP_URL = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672/")
QUEUE = "email_task_queue"


def send_email(task):
    if "@" not in task["email"]:
        raise ValueError(f"not an address: {task['email']}")
    print(f"sent {task['id']} to {task['email']}", flush=True)


def on_task(channel, method, properties, body):
    try:
        send_email(json.loads(body))
    except Exception as error:
        print(f"failed {body.decode()}: {error}", flush=True)
        channel.basic_nack(delivery_tag=method.delivery_tag, requeue=False)
    else:
        channel.basic_ack(delivery_tag=method.delivery_tag)


def work():
    connection = pika.BlockingConnection(pika.URLParameters(AMQP_URL))
    channel = connection.channel()
    channel.queue_declare(queue=QUEUE, durable=True)
    channel.basic_qos(prefetch_count=1)
    channel.basic_consume(queue=QUEUE, on_message_callback=on_task)
    print("waiting for tasks", flush=True)
    channel.start_consuming()


def main():
    while True:
        try:
            work()
        except AMQPError:
            print("broker is away, trying again", file=sys.stderr)
            time.sleep(0.2)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
