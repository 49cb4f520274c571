"""Copies a topic in transactions with confluent-kafka (librdkafka) while nodes are killed: ... HOST:PORT,… PREFIX
feed COUNT | copy | check

`feed` puts numbers into PREFIX-in. `copy` brings records to the same partition of PREFIX-out, and the offsets of the
group with them, until stdin is closed: a line says that so many transactions are committed, or which call has not come
back for 45 s. `check` says which partitions have not been copied up to the group's offset, each record once. What
librdkafka says goes to stderr, with COPYING_DEBUG as its `debug`; COPYING_SETTINGS are more settings of the producer, as JSON."""

import json
import os
import sys
import threading
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from report import BROKER, PREFIX, step, until

PARTITIONS = 6
SOURCE, TARGET, GROUP = f"{PREFIX}-in", f"{PREFIX}-out", f"{PREFIX}-group"
BASE = {"bootstrap.servers": BROKER}
MORE = json.loads(os.environ.get("COPYING_SETTINGS") or "{}")
DEBUG = {"debug": os.environ["COPYING_DEBUG"]} if os.environ.get("COPYING_DEBUG") else {"log_level": 0}
STUCK_SECONDS = 45
SECONDS = 180


class Watch:
    """Says which call takes too long."""

    def __init__(self):
        self.what, self.since, self.is_told = None, 0.0, False
        threading.Thread(target=self.look, daemon=True).start()

    def call(self, what, call):
        self.since, self.is_told, self.what = time.monotonic(), False, what
        try:
            return call()
        finally:
            self.what = None

    def look(self):
        while True:
            time.sleep(0.5)
            what, seconds = self.what, time.monotonic() - self.since
            if what is not None and seconds > STUCK_SECONDS and not self.is_told:
                self.is_told = True
                print(json.dumps({"stuck": what, "since": time.time() - seconds}), flush=True)


watch = Watch()


def prepare(count):
    admin = AdminClient(BASE)
    for future in admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in (SOURCE, TARGET)]).values():
        future.result(30)
    producer = Producer({**BASE, "enable.idempotence": True})
    for number in range(count):
        producer.produce(SOURCE, str(number), partition=number % PARTITIONS)
        if number % 10_000 == 0:
            producer.flush(60)
    producer.flush(60)


def insist(what, call):
    """Again while the client says that it may help."""

    def once():
        try:
            watch.call(what, call)
            return True
        except KafkaException as error:
            if not error.args[0].retriable():
                raise
            return False

    until(what, once, SECONDS)


def new_producer():
    producer = Producer({**BASE, **DEBUG, **MORE, "client.id": "copier", "transactional.id": f"{PREFIX}-copier", "linger.ms": 0})
    insist("init_transactions", lambda: producer.init_transactions(30))
    return producer


def rewind(consumer):
    """To what is committed, after an abort."""
    parts = consumer.assignment()
    if not parts:
        return
    def once():
        try:
            return consumer.committed(parts, 10)
        except KafkaException:
            return None
    for place in until("committed offsets", once, SECONDS):
        consumer.seek(TopicPartition(place.topic, place.partition, max(place.offset, 0)))


def copy_some(consumer, producer, messages):
    producer.begin_transaction()
    for message in messages:
        producer.produce(TARGET, message.value(), partition=message.partition())
    places = [place for place in consumer.position(consumer.assignment()) if place.offset >= 0]
    group = consumer.consumer_group_metadata()
    insist("send_offsets_to_transaction", lambda: producer.send_offsets_to_transaction(places, group, 30))
    insist("commit_transaction", lambda: producer.commit_transaction(30))


def copy(stopped):
    consumer = Consumer({**BASE, "group.id": GROUP, "enable.auto.commit": False, "auto.offset.reset": "earliest",
                         "isolation.level": "read_committed", "log_level": 0})
    consumer.subscribe([SOURCE])
    producer, committed = new_producer(), 0
    while not stopped.is_set():
        messages = [each for each in consumer.consume(5, 0.2) if not each.error()]
        if not messages:
            continue
        try:
            copy_some(consumer, producer, messages)
            committed += 1
            print(committed, flush=True)
        except KafkaException as error:
            print(json.dumps({"failed": str(error.args[0]), "at": time.time()}), flush=True)
            if error.args[0].txn_requires_abort():
                insist("abort_transaction", lambda: producer.abort_transaction(30))
            else:
                producer = new_producer()
            rewind(consumer)
        time.sleep(0.02)
    watch.call("close", consumer.close)
    return committed


def read(topic):
    """What readers of committed records get of each partition."""
    consumer = Consumer({**BASE, "group.id": "unused", "enable.auto.commit": False, "enable.partition.eof": True,
                         "isolation.level": "read_committed", "log_level": 0})
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
    values, ended = [[] for _ in range(PARTITIONS)], set()

    def poll():
        for message in consumer.consume(1000, 0.1):
            if message.error():
                ended.add(message.partition())
            else:
                values[message.partition()].append(message.value().decode())
                ended.discard(message.partition())
        return len(ended) == PARTITIONS

    until("the ends of all partitions", poll, SECONDS)
    consumer.close()
    return values


def check():
    """Partitions whose copies are not just what comes before the group's offset."""
    places = [TopicPartition(SOURCE, partition) for partition in range(PARTITIONS)]
    reader = Consumer({**BASE, "group.id": GROUP, "log_level": 0})
    offsets = [max(place.offset, 0) for place in reader.committed(places, 30)]
    wanted, found = read(SOURCE), read(TARGET)
    return [partition for partition in range(PARTITIONS)
            if wanted[partition][: offsets[partition]] != found[partition]]


def main(mode):
    if mode == "feed":
        prepare(int(sys.argv[4]))
        return True
    if mode == "check":
        return {"wrong": check()}
    stopped = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stopped.set()), daemon=True).start()
    return {"committed": copy(stopped)}


step(sys.argv[3], lambda: main(sys.argv[3]))
