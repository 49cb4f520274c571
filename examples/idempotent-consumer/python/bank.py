"""Books each deposit once, however often it comes."""

import json
import os
import sqlite3

import pika

AMQP_URL = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672/")
QUEUE = "deposits"

database = sqlite3.connect(os.environ.get("BANK_FILE", "bank.sqlite"))
database.executescript("""
    CREATE TABLE IF NOT EXISTS seen (message_id TEXT PRIMARY KEY);
    CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, balance INTEGER NOT NULL);
""")


def book(message_id, deposit):
    """Returns whether the deposit is new. The id and what it did are in one transaction: both or none."""
    with database:
        seen = database.execute("INSERT INTO seen VALUES (?) ON CONFLICT DO NOTHING", [message_id])
        is_new = seen.rowcount == 1
        if is_new:
            database.execute(
                "INSERT INTO accounts VALUES (?, ?)"
                " ON CONFLICT DO UPDATE SET balance = balance + excluded.balance",
                [deposit["account"], deposit["amount"]],
            )
    return is_new


def on_deposit(channel, method, properties, body):
    is_new = book(properties.message_id, json.loads(body))
    text = "booked {}" if is_new else "has {} already"
    print(text.format(properties.message_id), flush=True)
    # After the commit: a crash in between brings the message again, which does no harm.
    channel.basic_ack(method.delivery_tag)


def main():
    connection = pika.BlockingConnection(pika.URLParameters(AMQP_URL))
    channel = connection.channel()
    channel.queue_declare(QUEUE, durable=True)
    channel.basic_qos(prefetch_count=10)
    channel.basic_consume(QUEUE, on_deposit)
    print("waiting for deposits", flush=True)
    channel.start_consuming()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
