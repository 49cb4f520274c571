"""aio-pika against an AMQP broker: python aio_pika_client.py HOST:PORT PREFIX"""

import asyncio
import logging
import random

import aio_pika
from aio_pika.exceptions import ChannelNotFoundEntity, DeliveryError
from report import BROKER, PREFIX, async_step

logging.disable(logging.CRITICAL)
MAIN = f"{PREFIX}-main"


class Steps:
    def __init__(self, connection, channel):
        self.connection = connection
        self.channel = channel
        self.queue = None

    async def publish(self, body=b"", **properties):
        await self.channel.default_exchange.publish(aio_pika.Message(body, **properties), MAIN)

    async def left(self):
        found = await self.channel.declare_queue(MAIN, passive=True)
        return found.declaration_result.message_count

    async def declare(self):
        self.queue = await self.channel.declare_queue(MAIN, durable=True)
        found = self.queue.declaration_result
        return {"messages": found.message_count, "consumers": found.consumer_count}

    async def publish_confirmed(self):
        for n in range(100):
            await self.publish(f"m{n}".encode(), delivery_mode=2)
        return {"confirmed": 100, "messages": await self.left()}

    async def consume_and_ack(self):
        bodies = []
        async with self.queue.iterator(timeout=20) as messages:
            async for message in messages:
                bodies.append(message.body)
                await message.ack()
                if len(bodies) == 100:
                    break
        wanted = [f"m{n}".encode() for n in range(100)]
        return {"received": len(bodies), "inOrder": bodies == wanted, "left": await self.left()}

    async def nack_and_requeue(self):
        await self.publish(b"again")
        first = await self.queue.get()
        await first.nack(requeue=True)
        again = await self.queue.get(no_ack=True)
        return {"first": first.redelivered, "again": again.redelivered}

    async def reject(self):
        await self.publish(b"unwanted")
        await (await self.queue.get()).reject(requeue=False)
        return {"left": await self.left()}

    async def headers(self):
        table = {
            "text": "ä", "long": 5_000_000_000, "flag": True, "list": [1, "b"],
            "table": {"inner": "x"},
        }
        await self.publish(headers=table)
        return dict((await self.queue.get(no_ack=True)).headers)

    async def properties(self):
        await self.publish(
            content_type="text/plain", correlation_id="c-1", message_id="m-1", priority=3
        )
        found = await self.queue.get(no_ack=True)
        return {
            "contentType": found.content_type,
            "correlationId": found.correlation_id,
            "messageId": found.message_id,
            "priority": found.priority,
        }

    async def mandatory_return(self):
        channel = await self.connection.channel(on_return_raises=True)
        try:
            await channel.default_exchange.publish(aio_pika.Message(b""), f"{PREFIX}-nowhere")
        except DeliveryError as error:
            delivery = error.message.delivery
            return {"code": delivery.reply_code, "text": delivery.reply_text}
        finally:
            await channel.close()
        raise AssertionError("no error")

    async def large_body(self):
        body = random.Random(1).randbytes(4_194_304)
        await self.publish(body)
        found = (await self.queue.get(no_ack=True)).body
        return {"bytes": len(found), "same": found == body}

    async def topic_exchange(self):
        exchange = await self.channel.declare_exchange(f"{PREFIX}-events", "topic", durable=True)
        await self.queue.bind(exchange, "order.*")
        for key in ("order.created", "user.created", "order.paid"):
            await exchange.publish(aio_pika.Message(b""), key, mandatory=False)
        received = []
        while got := await self.queue.get(no_ack=True, fail=False):
            received.append(got.routing_key)
        await exchange.delete()
        return {"received": received}

    async def prefetch(self):
        for n in range(5):
            await self.publish(f"p{n}".encode())
        limited = await self.connection.channel()
        await limited.set_qos(3)
        seen = []

        async def hold(message):
            seen.append(message)

        await (await limited.get_queue(MAIN)).consume(hold)
        async with asyncio.timeout(20):
            while len(seen) < 3 or await self.left() != 2:
                await asyncio.sleep(0.02)
        await limited.close()
        await self.queue.purge()
        return {"unacked": len(seen)}

    async def missing_queue(self):
        channel = await self.connection.channel()
        try:
            await channel.declare_queue(f"{PREFIX}-nowhere", passive=True)
        except ChannelNotFoundEntity:
            return {"code": 404}
        raise AssertionError("no error")

    async def delete_queue(self):
        await self.publish(b"1")
        await self.publish(b"2")
        deleted = await self.queue.delete(if_unused=False, if_empty=False)
        return {"messages": deleted.message_count}


async def main():
    connection = await aio_pika.connect(f"amqp://guest:guest@{BROKER}/")
    async with connection:
        steps = Steps(connection, await connection.channel())
        await async_step("declare", steps.declare)
        await async_step("publish confirmed", steps.publish_confirmed)
        await async_step("consume and ack", steps.consume_and_ack)
        await async_step("nack and requeue", steps.nack_and_requeue)
        await async_step("reject", steps.reject)
        await async_step("headers", steps.headers)
        await async_step("properties", steps.properties)
        await async_step("mandatory return", steps.mandatory_return)
        await async_step("large body", steps.large_body)
        await async_step("topic exchange", steps.topic_exchange)
        await async_step("prefetch", steps.prefetch)
        await async_step("missing queue", steps.missing_queue)
        await async_step("delete queue", steps.delete_queue)


asyncio.run(main())
