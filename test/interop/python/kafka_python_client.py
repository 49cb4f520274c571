"""kafka-python against a Kafka broker: python kafka_python_client.py HOST:PORT PREFIX"""

import logging
import threading
import time
from functools import cache

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata
from report import BROKER, LARGE, PREFIX, check_batches, eventually, step, text, until

logging.disable(logging.CRITICAL)
CODECS = {"uncompressed": None, "gzip": "gzip", "snappy": "snappy", "lz4": "lz4", "zstd": "zstd"}
MAIN, RESUME, ODD, TIMES = (f"{PREFIX}-{name}" for name in ("main", "resume", "odd", "times"))
admin = KafkaAdminClient(bootstrap_servers=BROKER)


def produce(topic, records, **settings):
    """Sends records (dicts of send's arguments) and returns how many were confirmed."""
    producer = KafkaProducer(bootstrap_servers=BROKER, **settings)
    try:
        futures = [producer.send(topic, **record) for record in records]
        producer.flush(20)
        return len([future.get(20) for future in futures])
    finally:
        producer.close(5)


def new_consumer(group, topics=()):
    consumer = KafkaConsumer(
        bootstrap_servers=BROKER,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=10_000,
        heartbeat_interval_ms=500,
        fetch_max_wait_ms=200,
    )
    # A member that joins before it knows the topics may stay without partitions (kafka-python 3.0).
    for topic in topics:
        consumer.partitions_for_topic(topic)
    if topics:
        consumer.subscribe(topics)
    return consumer


def poll_into(consumer, taken):
    for batch in consumer.poll(timeout_ms=100).values():
        taken.extend(batch)
    return taken


def take(group, topics, count):
    """Reads count records in a group, commits what was taken, leaves."""
    consumer = new_consumer(group, topics)
    taken = []
    try:
        until(f"{count} records of {group}", lambda: len(poll_into(consumer, taken)) >= count)
        taken = taken[:count]
        after = {TopicPartition(m.topic, m.partition): m.offset + 1 for m in taken}
        consumer.commit({tp: OffsetAndMetadata(at, "", -1) for tp, at in after.items()})
    finally:
        consumer.close(autocommit=False)
    return taken


def code_of(run):
    try:
        run()
    except KafkaError as error:
        return {"code": error.errno}
    raise AssertionError("no error")


def describe_topic(topic=MAIN):
    [found] = admin.describe_topics([topic])
    parts = found["partitions"]
    return {"partitions": len(parts), "replicas": len(parts[0]["replica_nodes"])}


def create_topic():
    topics = {name: {"num_partitions": 1} for name in (RESUME, ODD, TIMES)}
    topics[MAIN] = {"num_partitions": 3, "configs": {"retention.ms": "3600000"}}
    admin.create_topics(topics)
    return {"partitions": describe_topic()["partitions"]}


def unknown_topic():
    [found] = admin.describe_topics([f"{PREFIX}-absent"])
    return {"code": found["error_code"]}


def auto_create():
    produce(f"{PREFIX}-auto", [{"value": b"x"}])
    return {"partitions": describe_topic(f"{PREFIX}-auto")["partitions"]}


def produce_batch(codec):
    records = [
        {"key": f"k{n % 4}".encode(), "value": f"{codec}-{n}".encode()} for n in range(12)
    ]
    return {"records": produce(MAIN, records, compression_type=CODECS[codec], linger_ms=50)}


def idempotent():
    records = [{"value": f"r-{n}".encode()} for n in range(20)]
    produce(RESUME, records, enable_idempotence=True, linger_ms=50)
    return {"records": ends(RESUME)["high"]}


def too_large():
    settings = {"max_request_size": 10_000_000, "batch_size": 10_000_000}
    return code_of(lambda: produce(ODD, [{"value": bytes(2_000_000)}], **settings))


def consume_all():
    taken = take(f"{PREFIX}-all", [MAIN], 12 * len(CODECS))
    return check_batches(CODECS, [(text(m.key), text(m.value)) for m in taken])


def resume():
    take(f"{PREFIX}-resume", [RESUME], 10)
    rest = take(f"{PREFIX}-resume", [RESUME], 10)
    return {"first": text(rest[0].value), "records": len(rest)}


class Member(threading.Thread):
    """A member of a group, polled by a thread of its own: while it joins, poll() waits for others."""

    def __init__(self):
        super().__init__(daemon=True)
        self.held = 0
        self.leaving = threading.Event()
        self.start()

    def run(self):
        consumer = new_consumer(f"{PREFIX}-share", [MAIN])
        while not self.leaving.is_set():
            consumer.poll(timeout_ms=100)
            self.held = len(consumer.assignment())
        consumer.close()

    def leave(self):
        self.leaving.set()
        self.join(20)


def share_steps():
    members = [Member(), Member()]

    def reach(wanted):
        def sizes():
            time.sleep(0.02)
            return sorted(member.held for member in members)

        until(f"assignments of {wanted}", lambda: sizes() == wanted)
        return wanted

    def take_over():
        members.pop(0).leave()
        return {"partitions": reach([3])[0]}

    step("share partitions", lambda: {"partitions": reach([1, 2])})
    step("take over partitions", take_over)
    for member in members:
        member.leave()


@cache
def odd():
    headers = [("text", b"text"), ("binary", b"\x00\xff\x80"), ("empty", b"")]
    produce(ODD, [
        {"key": b"headers", "value": b"h", "headers": headers},
        {"key": b"repeated", "value": b"h", "headers": [("twice", b"1"), ("twice", b"2")]},
        {"key": b"gone", "value": None},
        {"value": b"keyless"},
        {"key": b"large", "value": LARGE},
    ])
    times = [1_700_000_000_000 + n * 1000 for n in range(10)]
    produce(TIMES, [{"value": b"t", "timestamp_ms": time} for time in times])
    taken = take(f"{PREFIX}-odd", [ODD, TIMES], 15)
    by_key = {text(m.key): m for m in taken if m.topic == ODD}
    return by_key, [m.timestamp for m in taken if m.topic == TIMES]


def headers():
    found = dict(odd()[0]["headers"].headers)
    return {
        "text": found["text"].decode(),
        "binary": found["binary"].hex(),
        "empty": found["empty"].decode(),
    }


def ends(topic):
    consumer, partition = new_consumer(None), TopicPartition(topic, 0)
    low = consumer.beginning_offsets([partition])[partition]
    high = consumer.end_offsets([partition])[partition]
    consumer.close()
    return {"low": low, "high": high}


def offset_for_time():
    consumer, partition = new_consumer(None), TopicPartition(TIMES, 0)
    at = consumer.offsets_for_times({partition: 1_700_000_004_500})[partition]
    beyond = consumer.offsets_for_times({partition: 1_800_000_000_000})[partition]
    consumer.close()
    return {"at": at.offset, "beyond": beyond}


def record_steps():
    step("headers", headers)
    step("repeated header", lambda: {
        "values": [text(value) for _, value in odd()[0]["repeated"].headers]
    })
    step("tombstone", lambda: {"key": text(odd()[0]["gone"].key), "value": odd()[0]["gone"].value})
    step("null key", lambda: {"key": odd()[0][None].key, "value": text(odd()[0][None].value)})
    step("large record", lambda: {
        "bytes": len(odd()[0]["large"].value), "same": odd()[0]["large"].value == LARGE
    })
    step("timestamps", lambda: {"first": odd()[1][0], "last": odd()[1][-1]})
    step("offset for a time", offset_for_time)
    step("log ends", lambda: ends(TIMES))


def configs(*names):
    resource = ConfigResource("TOPIC", MAIN)
    found = admin.describe_configs([resource], config_filter="all")["topic"][MAIN]
    return {name: found[name]["value"] for name in names}


def alter_configs():
    admin.alter_configs([ConfigResource("TOPIC", MAIN, {"retention.ms": "7200000"})])
    return eventually({"retention.ms": "7200000"}, lambda: configs("retention.ms"))


def add_partitions():
    admin.create_partitions({MAIN: 5})
    return {"partitions": eventually(5, lambda: describe_topic()["partitions"])}


def listed_group():
    return {"found": any(group["group_id"] == f"{PREFIX}-resume" for group in admin.list_groups())}


def describe_group():
    group = admin.describe_groups([f"{PREFIX}-resume"])[f"{PREFIX}-resume"]
    return {"state": str(group["group_state"]), "members": len(group["members"])}


def group_offset():
    name = f"{PREFIX}-resume"
    return {"offset": admin.list_group_offsets({name: None})[name][TopicPartition(RESUME, 0)].offset}


def set_group_offset():
    offsets = {TopicPartition(RESUME, 0): OffsetAndMetadata(5, "", -1)}
    admin.alter_group_offsets(f"{PREFIX}-resume", offsets)
    return group_offset()


def delete_group():
    admin.delete_groups([f"{PREFIX}-resume"])
    return listed_group()


def delete_records():
    admin.delete_records({TopicPartition(TIMES, 0): 5})
    return {"low": ends(TIMES)["low"]}


def delete_topic():
    admin.delete_topics([MAIN])
    return {"found": eventually(False, lambda: MAIN in admin.list_topics())}


def admin_steps():
    step("list topics", lambda: {"found": MAIN in admin.list_topics()})
    step("describe topic", describe_topic)
    step("describe configs", lambda: configs("retention.ms", "cleanup.policy"))
    step("alter configs", alter_configs)
    step("add partitions", add_partitions)
    step("list groups", listed_group)
    step("describe group", describe_group)
    step("group offsets", group_offset)
    step("set group offsets", set_group_offset)
    step("delete records", delete_records)
    step("delete group", delete_group)
    step("delete topic", delete_topic)


step("create topic", create_topic)
step("unknown topic", unknown_topic)
step("auto-create topic", auto_create)
for codec in CODECS:
    step(f"produce {codec}", lambda codec=codec: produce_batch(codec))
step("idempotent producer", idempotent)
step("too large record", too_large)
step("consume in a group", consume_all)
step("resume after commit", resume)
share_steps()
record_steps()
admin_steps()
admin.close()
