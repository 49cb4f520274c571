"""Transactions of confluent-kafka (librdkafka) over several partitions, of brokers that are killed meanwhile: ... HOST:PORT,… PREFIX

Each is written to all partitions and counted in the offset of a group. A line says that so many are committed; the last
one what became of each, and what readers of committed records get. It ends once stdin is closed."""

import sys
import threading

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from report import BROKER, PREFIX, report, step, until

PARTITIONS = 6
TOPIC = f"{PREFIX}-killed"
GROUP = f"{PREFIX}-killed-group"
BASE = {"bootstrap.servers": BROKER, "log_level": 0}
SECONDS = 120


def create_topic():
    admin = AdminClient(BASE)
    for future in admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1)]).values():
        future.result(30)


def new_producer():
    producer = Producer({**BASE, "transactional.id": f"{PREFIX}-killed", "linger.ms": 0})
    insist(lambda: producer.init_transactions(30))
    return producer


def insist(call):
    """Again while the client says that it may help."""

    def once():
        try:
            call()
            return True
        except KafkaException as error:
            if not error.args[0].retriable():
                raise
            return False

    until("an answer", once, SECONDS)


def write(producer, value, count, consumer):
    producer.begin_transaction()
    for partition in range(PARTITIONS):
        producer.produce(TOPIC, value, partition=partition)
    place = TopicPartition(TOPIC, 0, count)
    group = consumer.consumer_group_metadata()
    insist(lambda: producer.send_offsets_to_transaction([place], group, 30))
    producer.flush(30)


def transact(stopped):
    """How each transaction has ended, by its value: committed, aborted, or unknown."""
    fates, committed = {}, 0
    consumer = Consumer({**BASE, "group.id": GROUP, "enable.auto.commit": False})
    producer = new_producer()
    number = 0
    while not stopped.is_set():
        value = str(number)
        number += 1
        is_commit = number % 4 != 0
        fates[value] = "aborted"
        try:
            write(producer, value, committed + 1, consumer)
            if is_commit:
                fates[value] = "unknown"
                insist(lambda: producer.commit_transaction(30))
                fates[value] = "committed"
                committed += 1
                print(committed, flush=True)
            else:
                insist(lambda: producer.abort_transaction(30))
        except KafkaException as error:
            if error.args[0].txn_requires_abort():
                # What has to be aborted was not committed.
                fates[value] = "aborted"
                insist(lambda: producer.abort_transaction(30))
                continue
            producer = new_producer()
    consumer.close()
    return fates


def read():
    """What each partition has."""
    settings = {"group.id": "unused", "enable.auto.commit": False, "enable.partition.eof": True}
    consumer = Consumer({**BASE, **settings, "isolation.level": "read_committed"})
    consumer.assign([TopicPartition(TOPIC, partition, 0) for partition in range(PARTITIONS)])
    values, ended = [[] for _ in range(PARTITIONS)], set()

    def poll():
        message = consumer.poll(0.1)
        if message is None:
            return False
        if message.error():
            if message.error().name() == "_PARTITION_EOF":
                ended.add(message.partition())
        else:
            values[message.partition()].append(message.value().decode())
            ended.discard(message.partition())
        return len(ended) == PARTITIONS

    until("the ends of all partitions", poll, SECONDS)
    place = Consumer({**BASE, "group.id": GROUP}).committed([TopicPartition(TOPIC, 0)], 30)
    return {"values": values, "offset": place[0].offset}


def main():
    stopped = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stopped.set()), daemon=True).start()
    create_topic()
    fates = transact(stopped)
    return {"fates": fates, **read()}


step("transactions of killed brokers", main)
