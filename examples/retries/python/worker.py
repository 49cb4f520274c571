"""Charges cards. Tries again what may work later, gives up what never will."""

import json
import os

import pika
from payments import QUEUE, declare

AMQP_URL = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672/")


class BankIsBusy(Exception):
    """The bank may take it later."""


def charge(card, tries):
    """Stands for a call to a bank."""
    if card == "down" or (card == "busy" and tries < 3):
        raise BankIsBusy("the bank is busy")
    if card == "expired":
        raise ValueError("the card has expired")


def on_payment(channel, method, properties, body):
    tries = 1 + (properties.headers or {}).get("x-delivery-count", 0)
    try:
        payment = json.loads(body)
        charge(payment["card"], tries)
        print(f"paid {payment['id']} at try {tries}", flush=True)
        channel.basic_ack(method.delivery_tag)
    except Exception as error:
        # With requeue the message comes back later; without, or too often, it goes to the dead letters.
        requeue = isinstance(error, BankIsBusy)
        print(f"failed {body.decode()} at try {tries}: {error}", flush=True)
        channel.basic_nack(method.delivery_tag, requeue=requeue)


def main():
    connection = pika.BlockingConnection(pika.URLParameters(AMQP_URL))
    channel = connection.channel()
    declare(channel)
    channel.basic_qos(prefetch_count=10)
    channel.basic_consume(QUEUE, on_payment)
    print("waiting for payments", flush=True)
    channel.start_consuming()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
