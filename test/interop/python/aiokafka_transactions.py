"""Transactions of aiokafka, by version 1 of the protocol: ... HOST:PORT PREFIX"""

import asyncio
import logging

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import ProducerFenced
from report import BROKER, PREFIX, async_step

logging.disable(logging.CRITICAL)


def new_producer(name):
    return AIOKafkaProducer(bootstrap_servers=BROKER, transactional_id=f"{PREFIX}-{name}")


async def read(topic, isolation, last):
    """Values from the first to `last`."""
    values = []
    settings = {"isolation_level": isolation, "fetch_max_wait_ms": 200}
    async with AIOKafkaConsumer(bootstrap_servers=BROKER, **settings) as consumer:
        place = TopicPartition(topic, 0)
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        async with asyncio.timeout(20):
            while last not in values:
                values.append((await consumer.getone()).value.decode())
    return values


async def commit_and_abort():
    topic = f"{PREFIX}-tx"
    async with new_producer("tx") as producer:
        for n in range(4):
            await producer.begin_transaction()
            for m in range(2):
                await producer.send(topic, f"{n}-{m}".encode(), partition=0)
            if n == 1:
                await producer.flush()
                await producer.abort_transaction()
            else:
                await producer.commit_transaction()
    return {
        "committed": await read(topic, "read_committed", "3-1"),
        "all": len(await read(topic, "read_uncommitted", "3-1")),
    }


async def fence():
    topic = f"{PREFIX}-fence"
    fenced = False
    first = new_producer("fence")
    await first.start()
    await first.begin_transaction()
    await first.send_and_wait(topic, b"zombie", partition=0)
    async with new_producer("fence") as second:
        await second.begin_transaction()
        await second.send_and_wait(topic, b"alive", partition=0)
        try:
            await first.commit_transaction()
        except ProducerFenced:
            fenced = True
        await second.commit_transaction()
    await first.stop()
    return {"fenced": fenced, "committed": await read(topic, "read_committed", "alive")}


async def offsets():
    place, group = TopicPartition(f"{PREFIX}-txoffsets", 0), f"{PREFIX}-txgroup"
    seen = []
    consumer = AIOKafkaConsumer(
        bootstrap_servers=BROKER,
        group_id=group,
        enable_auto_commit=False,
        isolation_level="read_committed",
    )
    async with new_producer("offsets") as producer, consumer:
        for offset in (5, 6, 7):
            await producer.begin_transaction()
            await producer.send(place.topic, b"x", partition=0)
            await producer.send_offsets_to_transaction({place: offset}, group)
            if offset == 6:
                await producer.abort_transaction()
            else:
                await producer.commit_transaction()
            consumer.assign([place])
            seen.append(await consumer.committed(place))
    return {"offsets": seen}


async def main():
    await async_step("commit transactions", commit_and_abort)
    await async_step("fence a producer", fence)
    await async_step("offsets in a transaction", offsets)


asyncio.run(main())
