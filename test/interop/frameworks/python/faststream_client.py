"""FastStream against an AMQP broker: python faststream_client.py HOST:PORT PREFIX"""

import asyncio
import logging

from faststream import AckPolicy
from faststream.rabbit import ExchangeType, QueueType, RabbitBroker, RabbitExchange, RabbitQueue
from faststream.rabbit.annotations import RabbitMessage
from report import BROKER, PREFIX, async_eventually, async_step

broker = RabbitBroker(f"amqp://guest:guest@{BROKER}/", logger=None)
logging.disable()
seen = []
deaths = []

work = RabbitQueue(
    f"{PREFIX}-work",
    durable=True,
    queue_type=QueueType.QUORUM,
    arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": f"{PREFIX}-dead"},
)
events = RabbitExchange(f"{PREFIX}-events", type=ExchangeType.TOPIC)


@broker.subscriber(work, ack_policy=AckPolicy.REJECT_ON_ERROR)
async def on_work(body: str):
    seen.append(body)
    if body == "bad":
        raise ValueError("on purpose")


@broker.subscriber(RabbitQueue(f"{PREFIX}-dead", durable=True))
async def on_dead(body: str, message: RabbitMessage):
    seen.append(f"dead {body}")
    deaths.append(message.headers["x-death"][0])


@broker.subscriber(RabbitQueue(f"{PREFIX}-orders", routing_key="order.*"), events)
async def on_order(body: str):
    seen.append(body)


@broker.subscriber(f"{PREFIX}-double")
async def double(number: int):
    return number * 2


async def seen_soon(name):
    async def look():
        return name in seen

    return await async_eventually(True, look)


async def consume():
    await broker.publish("good", work)
    return {"seen": await seen_soon("good")}


async def dead_letter():
    await broker.publish("bad", work)
    await seen_soon("dead bad")
    return {"reason": deaths[0]["reason"], "queue": deaths[0]["queue"] == work.name}


async def topic_exchange():
    await broker.publish("paid", exchange=events, routing_key="order.paid")
    await broker.publish("new", exchange=events, routing_key="user.new")
    return {"order": await seen_soon("paid"), "user": "new" in seen}


async def request():
    answer = await broker.request(21, f"{PREFIX}-double", timeout=10)
    return {"answer": await answer.decode()}


async def main():
    async with broker:
        await broker.start()
        await async_step("consume", consume)
        await async_step("dead letter", dead_letter)
        await async_step("topic exchange", topic_exchange)
        await async_step("request", request)


asyncio.run(main())
