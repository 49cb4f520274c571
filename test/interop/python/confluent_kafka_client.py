"""confluent-kafka (librdkafka) against a Kafka broker: python confluent_kafka_client.py HOST:PORT PREFIX"""

from functools import cache

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, Producer
from confluent_kafka import TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin import NewPartitions, NewTopic
from report import BROKER, LARGE, PREFIX, check_batches, eventually, step, text, until

CODECS = {"uncompressed": "none", "gzip": "gzip", "snappy": "snappy", "lz4": "lz4", "zstd": "zstd"}
MAIN, RESUME, ODD, TIMES = (f"{PREFIX}-{name}" for name in ("main", "resume", "odd", "times"))
BASE = {"bootstrap.servers": BROKER, "log_level": 0}
admin = AdminClient(BASE)


def produce(topic, records, **settings):
    """Sends records (dicts of produce's arguments) and returns how many were confirmed."""
    errors = []
    producer = Producer({**BASE, **settings})
    for record in records:
        producer.produce(topic, on_delivery=lambda e, _: errors.append(e), **record)
    producer.flush(20)
    for error in errors:
        if error is not None:
            raise KafkaException(error)
    return len(errors)


def new_consumer(group, **settings):
    return Consumer({
        **BASE,
        "group.id": group,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "session.timeout.ms": 10_000,
        "heartbeat.interval.ms": 500,
        "fetch.wait.max.ms": 200,
        **settings,
    })


def take(group, topics, count):
    """Reads count records in a group, commits what was taken, leaves."""
    consumer = new_consumer(group)
    consumer.subscribe(topics)
    taken = []

    def poll():
        message = consumer.poll(0.1)
        if message is not None:
            if message.error():
                raise KafkaException(message.error())
            taken.append(message)
        return len(taken) >= count

    try:
        until(f"{count} records of {group}", poll)
        after = {(m.topic(), m.partition()): m.offset() + 1 for m in taken}
        offsets = [TopicPartition(t, p, offset) for (t, p), offset in after.items()]
        consumer.commit(offsets=offsets, asynchronous=False)
    finally:
        consumer.close()
    return taken


def wait(futures):
    for future in futures.values():
        future.result(20)


def partitions(topic):
    return len(admin.list_topics(topic, timeout=10).topics[topic].partitions)


def create_topic():
    topics = [NewTopic(MAIN, 3, config={"retention.ms": "3600000"})]
    wait(admin.create_topics(topics + [NewTopic(name, 1) for name in (RESUME, ODD, TIMES)]))
    return {"partitions": partitions(MAIN)}


def unknown_topic():
    # Describing never creates.
    future = admin.describe_topics(TopicCollection([f"{PREFIX}-absent"]))[f"{PREFIX}-absent"]
    try:
        future.result(20)
    except KafkaException as error:
        return {"code": error.args[0].code()}
    raise AssertionError("no error")


def auto_create():
    produce(f"{PREFIX}-auto", [{"value": b"x"}])
    return {"partitions": partitions(f"{PREFIX}-auto")}


def produce_batch(codec):
    records = [{"key": f"k{n % 4}", "value": f"{codec}-{n}"} for n in range(12)]
    settings = {"compression.type": CODECS[codec], "linger.ms": 50}
    return {"records": produce(MAIN, records, **settings)}


def idempotent():
    records = [{"value": f"r-{n}"} for n in range(20)]
    produce(RESUME, records, **{"enable.idempotence": True, "linger.ms": 50})
    return {"records": ends(RESUME)["high"]}


def too_large():
    try:
        produce(ODD, [{"value": bytes(2_000_000)}], **{"message.max.bytes": 10_000_000})
    except KafkaException as error:
        return {"code": error.args[0].code()}
    raise AssertionError("no error")


def consume_all():
    taken = take(f"{PREFIX}-all", [MAIN], 12 * len(CODECS))
    return check_batches(CODECS, [(text(m.key()), text(m.value())) for m in taken])


def resume():
    take(f"{PREFIX}-resume", [RESUME], 10)
    rest = take(f"{PREFIX}-resume", [RESUME], 10)
    return {"first": text(rest[0].value()), "records": len(rest)}


def share_steps():
    members = [new_consumer(f"{PREFIX}-share") for _ in range(2)]

    def sizes():
        for member in members:
            member.poll(0.05)
        return sorted(len(member.assignment()) for member in members)

    def share():
        for member in members:
            member.subscribe([MAIN])
        until("both have partitions", lambda: sizes() == [1, 2])
        return {"partitions": sizes()}

    def take_over():
        members.pop(0).close()
        until("the other has all", lambda: sizes() == [3])
        return {"partitions": sizes()[0]}

    step("share partitions", share)
    step("take over partitions", take_over)
    for member in members:
        member.close()


@cache
def odd():
    headers = [("text", b"text"), ("binary", b"\x00\xff\x80"), ("empty", b""), ("null", None)]
    produce(ODD, [
        {"key": "headers", "value": "h", "headers": headers},
        {"key": "repeated", "value": "h", "headers": [("twice", b"1"), ("twice", b"2")]},
        {"key": "gone", "value": None},
        {"value": "keyless"},
        {"key": "large", "value": LARGE},
    ])
    produce(TIMES, [{"value": "t", "timestamp": 1_700_000_000_000 + n * 1000} for n in range(10)])
    taken = take(f"{PREFIX}-odd", [ODD, TIMES], 15)
    by_key = {text(m.key()): m for m in taken if m.topic() == ODD}
    return by_key, [m.timestamp()[1] for m in taken if m.topic() == TIMES]


def headers():
    found = dict(odd()[0]["headers"].headers())
    return {
        "text": found["text"].decode(),
        "binary": found["binary"].hex(),
        "empty": found["empty"].decode(),
    }


def ends(topic):
    consumer = new_consumer("unused")
    low, high = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
    consumer.close()
    return {"low": low, "high": high}


def offset_for_time():
    consumer = new_consumer("unused")

    def offset(time):
        return consumer.offsets_for_times([TopicPartition(TIMES, 0, time)], timeout=10)[0].offset

    at, beyond = offset(1_700_000_004_500), offset(1_800_000_000_000)
    consumer.close()
    return {"at": at, "beyond": None if beyond == -1 else beyond}


def record_steps():
    step("headers", headers)
    step("null header", lambda: {"value": dict(odd()[0]["headers"].headers())["null"]})
    step("repeated header", lambda: {
        "values": [text(value) for _, value in odd()[0]["repeated"].headers()]
    })
    step("tombstone", lambda: {
        "key": text(odd()[0]["gone"].key()), "value": odd()[0]["gone"].value()
    })
    step("null key", lambda: {"key": odd()[0][None].key(), "value": text(odd()[0][None].value())})
    step("large record", lambda: {
        "bytes": len(odd()[0]["large"].value()), "same": odd()[0]["large"].value() == LARGE
    })
    step("timestamps", lambda: {"first": odd()[1][0], "last": odd()[1][-1]})
    step("offset for a time", offset_for_time)
    step("log ends", lambda: ends(TIMES))


def describe_topic():
    found = admin.describe_topics(TopicCollection([MAIN]))[MAIN].result(20)
    return {"partitions": len(found.partitions), "replicas": len(found.partitions[0].replicas)}


def configs(*names):
    resource = ConfigResource(ConfigResource.Type.TOPIC, MAIN)
    found = admin.describe_configs([resource])[resource].result(20)
    return {name: found[name].value for name in names}


def alter_configs():
    entry = ConfigEntry(
        "retention.ms", "7200000", incremental_operation=AlterConfigOpType.SET
    )
    resource = ConfigResource(ConfigResource.Type.TOPIC, MAIN, incremental_configs=[entry])
    wait(admin.incremental_alter_configs([resource]))
    return eventually({"retention.ms": "7200000"}, lambda: configs("retention.ms"))


def add_partitions():
    wait(admin.create_partitions([NewPartitions(MAIN, 5)]))
    return {"partitions": eventually(5, lambda: partitions(MAIN))}


def listed_group():
    groups = admin.list_consumer_groups().result(20).valid
    return {"found": any(group.group_id == f"{PREFIX}-resume" for group in groups)}


def describe_group():
    name = f"{PREFIX}-resume"
    group = admin.describe_consumer_groups([name])[name].result(20)
    return {"state": group.state.name.capitalize(), "members": len(group.members)}


def group_offset():
    request = ConsumerGroupTopicPartitions(f"{PREFIX}-resume", [TopicPartition(RESUME, 0)])
    found = admin.list_consumer_group_offsets([request])[request.group_id].result(20)
    return {"offset": found.topic_partitions[0].offset}


def set_group_offset():
    offsets = [TopicPartition(RESUME, 0, 5)]
    request = ConsumerGroupTopicPartitions(f"{PREFIX}-resume", offsets)
    wait(admin.alter_consumer_group_offsets([request]))
    return group_offset()


def delete_group():
    wait(admin.delete_consumer_groups([f"{PREFIX}-resume"]))
    return listed_group()


def delete_records():
    wait(admin.delete_records([TopicPartition(TIMES, 0, 5)]))
    return {"low": ends(TIMES)["low"]}


def delete_topic():
    wait(admin.delete_topics([MAIN]))
    return {"found": eventually(False, lambda: MAIN in admin.list_topics(timeout=10).topics)}


def admin_steps():
    step("list topics", lambda: {"found": MAIN in admin.list_topics(timeout=10).topics})
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
