"""Answers requests for a price. Start several: they share the requests."""

import json
import os

import pika

AMQP_URL = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672/")
QUEUE = "price_requests"
PRICES = {"tea": 3, "coffee": 4}


def answer(body):
    """A mistake is an answer, too: otherwise the client would wait until its time-out."""
    try:
        item = json.loads(body)["item"]
        if item not in PRICES:
            return {"error": f"there is no {item}"}
        return {"price": PRICES[item]}
    except (ValueError, LookupError, TypeError):
        return {"error": "not a request"}


def on_request(channel, method, properties, body):
    # A client that has gone gets nothing; that is no error.
    channel.basic_publish(
        exchange="",
        routing_key=properties.reply_to,
        body=json.dumps(answer(body)),
        properties=pika.BasicProperties(correlation_id=properties.correlation_id),
    )
    channel.basic_ack(method.delivery_tag)
    print(f"answered {body.decode()}", flush=True)


def main():
    connection = pika.BlockingConnection(pika.URLParameters(AMQP_URL))
    channel = connection.channel()
    channel.queue_declare(QUEUE, durable=True)
    channel.basic_qos(prefetch_count=10)
    channel.basic_consume(QUEUE, on_request)
    print("answering", flush=True)
    channel.start_consuming()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
