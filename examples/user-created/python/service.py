"""One of the services that care about new users.

Usage: service.py email|coupon|log
"""

import json
import os
import sys

import pika

AMQP_URL = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672/")
EXCHANGE = "user_events"

SERVICES = {
    "email": ("user.created", lambda user: f"welcome mail to {user['email']}"),
    "coupon": ("user.created", lambda user: f"coupon WELCOME-{user['id']}"),
    "log": ("user.#", lambda user: f"user {user['id']} was created"),
}


def main():
    name = sys.argv[1]
    routing_key, work = SERVICES[name]
    queue = f"user_created.{name}"

    connection = pika.BlockingConnection(pika.URLParameters(AMQP_URL))
    channel = connection.channel()
    channel.exchange_declare(exchange=EXCHANGE, exchange_type="topic", durable=True)
    channel.queue_declare(queue=queue, durable=True)
    channel.queue_bind(queue=queue, exchange=EXCHANGE, routing_key=routing_key)

    def on_event(channel, method, properties, body):
        print(work(json.loads(body)), flush=True)
        channel.basic_ack(delivery_tag=method.delivery_tag)

    channel.basic_qos(prefetch_count=10)
    channel.basic_consume(queue=queue, on_message_callback=on_event)
    print("listening", flush=True)
    channel.start_consuming()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
