"""Logs in with a token and renews it before it expires. Run by oauth.test.ts, whose issuer signs the tokens."""

import os
import time

import pika

connection = pika.BlockingConnection(
    pika.ConnectionParameters(
        "127.0.0.1",
        int(os.environ["AMQP_PORT"]),
        credentials=pika.PlainCredentials("", os.environ["FIRST_TOKEN"]),
    )
)
connection.update_secret(os.environ["NEXT_TOKEN"], "the first expires")
channel = connection.channel()
channel.queue_declare("of-pika", auto_delete=True)
while time.time() < float(os.environ["FIRST_EXPIRES"]) + 1:
    connection.process_data_events(time_limit=0.1)
channel.basic_publish("", "of-pika", b"hello")
_, _, body = channel.basic_get("of-pika", auto_ack=True)
connection.close()
print(body.decode())
