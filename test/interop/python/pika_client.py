"""pika against an AMQP broker: python pika_client.py HOST:PORT PREFIX"""

import random

import pika
from pika.exceptions import ChannelClosedByBroker, UnroutableError
from report import BROKER, PREFIX, step

MAIN = f"{PREFIX}-main"
connection = pika.BlockingConnection(pika.URLParameters(f"amqp://guest:guest@{BROKER}/%2F"))
channel = connection.channel()
channel.confirm_delivery()


def publish(body=b"", key=MAIN, exchange="", mandatory=True, **properties):
    properties = pika.BasicProperties(delivery_mode=2, **properties)
    channel.basic_publish(exchange, key, body, properties, mandatory=mandatory)


def get():
    """A message that is acked with its delivery: (properties, body)."""
    _, properties, body = channel.basic_get(MAIN, auto_ack=True)
    return properties, body


def left():
    return channel.queue_declare(MAIN, passive=True).method.message_count


def declare():
    found = channel.queue_declare(MAIN, durable=True).method
    return {"messages": found.message_count, "consumers": found.consumer_count}


def publish_confirmed():
    for n in range(100):
        publish(f"m{n}".encode())
    return {"confirmed": 100, "messages": left()}


def consume_and_ack():
    bodies = []
    for method, _, body in channel.consume(MAIN, inactivity_timeout=20):
        bodies.append(body)
        channel.basic_ack(method.delivery_tag)
        if len(bodies) == 100:
            break
    channel.cancel()
    wanted = [f"m{n}".encode() for n in range(100)]
    return {"received": len(bodies), "inOrder": bodies == wanted, "left": left()}


def nack_and_requeue():
    publish(b"again")
    first = channel.basic_get(MAIN)[0]
    channel.basic_nack(first.delivery_tag, requeue=True)
    again = channel.basic_get(MAIN, auto_ack=True)[0]
    return {"first": first.redelivered, "again": again.redelivered}


def reject():
    publish(b"unwanted")
    channel.basic_reject(channel.basic_get(MAIN)[0].delivery_tag, requeue=False)
    return {"left": left()}


def headers():
    table = {
        "text": "ä", "long": 5_000_000_000, "flag": True, "list": [1, "b"], "table": {"inner": "x"}
    }
    publish(headers=table)
    return get()[0].headers


def properties():
    publish(content_type="text/plain", correlation_id="c-1", message_id="m-1", priority=3)
    found = get()[0]
    return {
        "contentType": found.content_type,
        "correlationId": found.correlation_id,
        "messageId": found.message_id,
        "priority": found.priority,
    }


def mandatory_return():
    try:
        publish(key=f"{PREFIX}-nowhere")
    except UnroutableError as error:
        method = error.messages[0].method
        return {"code": method.reply_code, "text": method.reply_text}
    raise AssertionError("no error")


def large_body():
    body = random.Random(1).randbytes(4_194_304)
    publish(body)
    found = get()[1]
    return {"bytes": len(found), "same": found == body}


def topic_exchange():
    exchange = f"{PREFIX}-events"
    channel.exchange_declare(exchange, "topic", durable=True)
    channel.queue_bind(MAIN, exchange, "order.*")
    for key in ("order.created", "user.created", "order.paid"):
        publish(key=key, exchange=exchange, mandatory=False)
    received = []
    while (got := channel.basic_get(MAIN, auto_ack=True))[0]:
        received.append(got[0].routing_key)
    channel.exchange_delete(exchange)
    return {"received": received}


def prefetch():
    for n in range(5):
        publish(f"p{n}".encode())
    limited = connection.channel()
    limited.basic_qos(prefetch_count=3)
    seen = []
    limited.basic_consume(MAIN, lambda _, method, *rest: seen.append(method))
    while len(seen) < 3 or left() != 2:
        connection.process_data_events(time_limit=0.1)
    limited.close()
    channel.queue_purge(MAIN)
    return {"unacked": len(seen)}


def missing_queue():
    try:
        connection.channel().queue_declare(f"{PREFIX}-nowhere", passive=True)
    except ChannelClosedByBroker as error:
        return {"code": error.reply_code}
    raise AssertionError("no error")


def delete_queue():
    publish(b"1")
    publish(b"2")
    return {"messages": channel.queue_delete(MAIN).method.message_count}


step("declare", declare)
step("publish confirmed", publish_confirmed)
step("consume and ack", consume_and_ack)
step("nack and requeue", nack_and_requeue)
step("reject", reject)
step("headers", headers)
step("properties", properties)
step("mandatory return", mandatory_return)
step("large body", large_body)
step("topic exchange", topic_exchange)
step("prefetch", prefetch)
step("missing queue", missing_queue)
step("delete queue", delete_queue)
connection.close()
