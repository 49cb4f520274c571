"""Transactions of confluent-kafka (librdkafka), by version 1 of the protocol: ... HOST:PORT PREFIX"""

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from report import BROKER, PREFIX, step, until

BASE = {"bootstrap.servers": BROKER, "log_level": 0}


def new_producer(name):
    producer = Producer({**BASE, "transactional.id": f"{PREFIX}-{name}", "linger.ms": 0})
    producer.init_transactions(20)
    return producer


def new_consumer(group, **settings):
    return Consumer({**BASE, "group.id": group, "enable.auto.commit": False, **settings})


def read(topic, isolation, last):
    """Values from the first to `last`."""
    consumer = new_consumer("unused", **{"isolation.level": isolation})
    consumer.assign([TopicPartition(topic, 0, 0)])
    values = []

    def poll():
        message = consumer.poll(0.1)
        if message is not None and not message.error():
            values.append(message.value().decode())
        return last in values

    try:
        until(f"{last} in {topic}", poll)
    finally:
        consumer.close()
    return values


def commit_and_abort():
    topic = f"{PREFIX}-tx"
    producer = new_producer("tx")
    for n in range(4):
        producer.begin_transaction()
        for m in range(2):
            producer.produce(topic, f"{n}-{m}", partition=0)
        if n != 3:
            producer.flush(20)
        (producer.abort_transaction if n == 1 else producer.commit_transaction)(20)
    return {
        "committed": read(topic, "read_committed", "3-1"),
        "all": len(read(topic, "read_uncommitted", "3-1")),
    }


def fence():
    topic = f"{PREFIX}-fence"
    first = new_producer("fence")
    first.begin_transaction()
    first.produce(topic, "zombie", partition=0)
    first.flush(20)
    second = new_producer("fence")
    second.begin_transaction()
    second.produce(topic, "alive", partition=0)
    fenced = False
    try:
        first.commit_transaction(20)
    except KafkaException as error:
        fenced = error.args[0].fatal()
    second.commit_transaction(20)
    return {"fenced": fenced, "committed": read(topic, "read_committed", "alive")}


def offsets():
    place = TopicPartition(f"{PREFIX}-txoffsets", 0)
    producer = new_producer("offsets")
    consumer = new_consumer(f"{PREFIX}-txgroup", **{"isolation.level": "read_committed"})
    seen = []
    for offset in (5, 6, 7):
        producer.begin_transaction()
        producer.produce(place.topic, "x", partition=0)
        next_place = TopicPartition(place.topic, 0, offset)
        producer.send_offsets_to_transaction([next_place], consumer.consumer_group_metadata(), 20)
        (producer.abort_transaction if offset == 6 else producer.commit_transaction)(20)
        seen.append(consumer.committed([place], 20)[0].offset)
    consumer.close()
    return {"offsets": seen}


step("commit transactions", commit_and_abort)
step("fence a producer", fence)
step("offsets in a transaction", offsets)
