"""aiokafka against a Kafka broker: python aiokafka_client.py HOST:PORT PREFIX"""

import asyncio
import logging
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource
from aiokafka.errors import KafkaError
from report import BROKER, LARGE, PREFIX, async_eventually, async_step, check_batches, text

logging.disable(logging.CRITICAL)
CODECS = {"uncompressed": None, "gzip": "gzip", "snappy": "snappy", "lz4": "lz4", "zstd": "zstd"}
MAIN, RESUME, ODD, TIMES = (f"{PREFIX}-{name}" for name in ("main", "resume", "odd", "times"))


async def produce(topic, records, **settings):
    """Sends records (dicts of send's arguments) and returns how many were confirmed."""
    async with AIOKafkaProducer(bootstrap_servers=BROKER, linger_ms=50, **settings) as producer:
        sent = [await producer.send(topic, **record) for record in records]
        return len(await asyncio.gather(*sent))


def new_consumer(group, *topics):
    return AIOKafkaConsumer(
        *topics,
        bootstrap_servers=BROKER,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=10_000,
        heartbeat_interval_ms=500,
        fetch_max_wait_ms=200,
    )


async def take(group, topics, count):
    """Reads count records in a group, commits what was taken, leaves."""
    taken = []
    async with new_consumer(group, *topics) as consumer:
        async with asyncio.timeout(20):
            while len(taken) < count:
                taken.append(await consumer.getone())
        await consumer.commit({
            TopicPartition(m.topic, m.partition): m.offset + 1 for m in taken
        })
    return taken


class Steps:
    def __init__(self, admin):
        self.admin = admin
        self._odd = None

    async def describe_topic(self, topic=MAIN):
        [found] = await self.admin.describe_topics([topic])
        parts = found["partitions"]
        return {"partitions": len(parts), "replicas": len(parts[0]["replicas"])}

    async def create_topic(self):
        topics = [NewTopic(MAIN, 3, 1, topic_configs={"retention.ms": "3600000"})]
        await self.admin.create_topics(topics + [NewTopic(n, 1, 1) for n in (RESUME, ODD, TIMES)])
        return {"partitions": (await self.describe_topic())["partitions"]}

    async def auto_create(self):
        await produce(f"{PREFIX}-auto", [{"value": b"x"}])
        return {"partitions": (await self.describe_topic(f"{PREFIX}-auto"))["partitions"]}

    async def produce_batches(self):
        for codec, name in CODECS.items():
            async def produce_batch(codec=codec, name=name):
                records = [
                    {"key": f"k{n % 4}".encode(), "value": f"{codec}-{n}".encode()}
                    for n in range(12)
                ]
                return {"records": await produce(MAIN, records, compression_type=name)}

            await async_step(f"produce {codec}", produce_batch)

    async def idempotent(self):
        records = [{"value": f"r-{n}".encode()} for n in range(20)]
        await produce(RESUME, records, enable_idempotence=True)
        return {"records": (await self.ends(RESUME))["high"]}

    async def too_large(self):
        try:
            await produce(ODD, [{"value": bytes(2_000_000)}], max_request_size=10_000_000)
        except KafkaError as error:
            return {"code": error.errno}
        raise AssertionError("no error")

    async def consume_all(self):
        taken = await take(f"{PREFIX}-all", [MAIN], 12 * len(CODECS))
        return check_batches(CODECS, [(text(m.key), text(m.value)) for m in taken])

    async def resume(self):
        await take(f"{PREFIX}-resume", [RESUME], 10)
        rest = await take(f"{PREFIX}-resume", [RESUME], 10)
        return {"first": text(rest[0].value), "records": len(rest)}

    async def share_steps(self):
        members = [new_consumer(f"{PREFIX}-share", MAIN) for _ in range(2)]

        async def reach(wanted):
            end = time.monotonic() + 20
            while time.monotonic() < end:
                sizes = sorted(len(member.assignment()) for member in members)
                if sizes == wanted:
                    return sizes
                for member in members:
                    await member.getmany(timeout_ms=50)
            raise TimeoutError(f"assignments are {sizes}")

        async def share():
            await asyncio.gather(*(member.start() for member in members))
            return {"partitions": await reach([1, 2])}

        async def take_over():
            await members.pop(0).stop()
            return {"partitions": (await reach([3]))[0]}

        await async_step("share partitions", share)
        await async_step("take over partitions", take_over)
        for member in members:
            await member.stop()

    async def odd(self):
        if self._odd is None:
            self._odd = await self.exchange_odd()
        return self._odd

    async def exchange_odd(self):
        headers = [("text", b"text"), ("binary", b"\x00\xff\x80"), ("empty", b""), ("null", None)]
        await produce(ODD, [
            {"key": b"headers", "value": b"h", "headers": headers},
            {"key": b"repeated", "value": b"h", "headers": [("twice", b"1"), ("twice", b"2")]},
            {"key": b"gone", "value": None},
            {"value": b"keyless"},
            {"key": b"large", "value": LARGE},
        ])
        times = [1_700_000_000_000 + n * 1000 for n in range(10)]
        await produce(TIMES, [{"value": b"t", "timestamp_ms": time} for time in times])
        taken = await take(f"{PREFIX}-odd", [ODD, TIMES], 15)
        by_key = {text(m.key): m for m in taken if m.topic == ODD}
        return by_key, [m.timestamp for m in taken if m.topic == TIMES]

    async def headers(self):
        found = dict((await self.odd())[0]["headers"].headers)
        return {
            "text": found["text"].decode(),
            "binary": found["binary"].hex(),
            "empty": found["empty"].decode(),
        }

    async def null_header(self):
        return {"value": dict((await self.odd())[0]["headers"].headers)["null"]}

    async def repeated(self):
        return {"values": [text(v) for _, v in (await self.odd())[0]["repeated"].headers]}

    async def tombstone(self):
        found = (await self.odd())[0]["gone"]
        return {"key": text(found.key), "value": found.value}

    async def null_key(self):
        found = (await self.odd())[0][None]
        return {"key": found.key, "value": text(found.value)}

    async def large(self):
        value = (await self.odd())[0]["large"].value
        return {"bytes": len(value), "same": value == LARGE}

    async def timestamps(self):
        times = (await self.odd())[1]
        return {"first": times[0], "last": times[-1]}

    async def ends(self, topic=TIMES):
        partition = TopicPartition(topic, 0)
        async with new_consumer(None) as consumer:
            low = (await consumer.beginning_offsets([partition]))[partition]
            high = (await consumer.end_offsets([partition]))[partition]
        return {"low": low, "high": high}

    async def offset_for_time(self):
        partition = TopicPartition(TIMES, 0)
        async with new_consumer(None) as consumer:
            at = (await consumer.offsets_for_times({partition: 1_700_000_004_500}))[partition]
            late = (await consumer.offsets_for_times({partition: 1_800_000_000_000}))[partition]
        return {"at": at.offset, "beyond": late}

    async def list_topics(self):
        return {"found": MAIN in await self.admin.list_topics()}

    async def configs(self, *names):
        [response] = await self.admin.describe_configs([ConfigResource("TOPIC", MAIN)])
        found = {entry[0]: entry[1] for entry in response.resources[0][4]}
        return {name: found[name] for name in names}

    async def alter_configs(self):
        resource = ConfigResource("TOPIC", MAIN, {"retention.ms": "7200000"})
        await self.admin.alter_configs([resource])
        wanted = {"retention.ms": "7200000"}
        return await async_eventually(wanted, lambda: self.configs("retention.ms"))

    async def add_partitions(self):
        await self.admin.create_partitions({MAIN: NewPartitions(5)})
        wanted = {"partitions": 5, "replicas": 1}
        return {"partitions": (await async_eventually(wanted, self.describe_topic))["partitions"]}

    async def list_groups(self):
        groups = await self.admin.list_consumer_groups()
        return {"found": any(group[0] == f"{PREFIX}-resume" for group in groups)}

    async def describe_group(self):
        [response] = await self.admin.describe_consumer_groups([f"{PREFIX}-resume"])
        group = response.groups[0]
        return {"state": group[2], "members": len(group[5])}

    async def group_offset(self):
        found = await self.admin.list_consumer_group_offsets(f"{PREFIX}-resume")
        return {"offset": found[TopicPartition(RESUME, 0)].offset}

    async def delete_records(self):
        await self.admin.delete_records({TopicPartition(TIMES, 0): RecordsToDelete(5)})
        return {"low": (await self.ends())["low"]}

    async def delete_topic(self):
        await self.admin.delete_topics([MAIN])
        return await async_eventually({"found": False}, self.list_topics)


async def main():
    admin = AIOKafkaAdminClient(bootstrap_servers=BROKER)
    await admin.start()
    steps = Steps(admin)
    await async_step("create topic", steps.create_topic)
    await async_step("auto-create topic", steps.auto_create)
    await steps.produce_batches()
    await async_step("idempotent producer", steps.idempotent)
    await async_step("too large record", steps.too_large)
    await async_step("consume in a group", steps.consume_all)
    await async_step("resume after commit", steps.resume)
    await steps.share_steps()
    await async_step("headers", steps.headers)
    await async_step("null header", steps.null_header)
    await async_step("repeated header", steps.repeated)
    await async_step("tombstone", steps.tombstone)
    await async_step("null key", steps.null_key)
    await async_step("large record", steps.large)
    await async_step("timestamps", steps.timestamps)
    await async_step("offset for a time", steps.offset_for_time)
    await async_step("log ends", steps.ends)
    await async_step("list topics", steps.list_topics)
    await async_step("describe topic", steps.describe_topic)
    await async_step("describe configs", lambda: steps.configs("retention.ms", "cleanup.policy"))
    await async_step("alter configs", steps.alter_configs)
    await async_step("add partitions", steps.add_partitions)
    await async_step("list groups", steps.list_groups)
    await async_step("describe group", steps.describe_group)
    await async_step("group offsets", steps.group_offset)
    await async_step("delete records", steps.delete_records)
    await async_step("delete topic", steps.delete_topic)
    await admin.close()


asyncio.run(main())
