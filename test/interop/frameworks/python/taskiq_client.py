"""taskiq with taskiq-aio-pika against an AMQP broker: python taskiq_client.py HOST:PORT PREFIX"""

import asyncio
import logging
import time

from report import BROKER, PREFIX, async_eventually, async_step
from taskiq.api import run_receiver_task
from taskiq.middlewares import SimpleRetryMiddleware
from taskiq_aio_pika import AioPikaBroker, Exchange, Queue

logging.disable()
broker = AioPikaBroker(
    f"amqp://guest:guest@{BROKER}/",
    exchange=Exchange(name=f"{PREFIX}-tasks"),
    task_queues=[Queue(name=f"{PREFIX}-work")],
    delay_queue=Queue(name=f"{PREFIX}-delay"),
    dead_letter_queue=Queue(name=f"{PREFIX}-dead"),
).with_middlewares(SimpleRetryMiddleware(default_retry_count=3))
broker.is_worker_process = True
seen = []


@broker.task
async def work(name):
    seen.append(name)


@broker.task(retry_on_error=True)
async def flaky():
    seen.append("flaky")
    if seen.count("flaky") < 3:
        raise ValueError("on purpose")


async def soon(name, count=1):
    async def look():
        return seen.count(name)

    return await async_eventually(count, look)


async def task():
    await work.kiq("now")
    return {"times": await soon("now")}


async def delay():
    begin = time.monotonic()
    await work.kicker().with_labels(delay=1.5).kiq("later")
    times = await soon("later")
    return {"times": times, "early": time.monotonic() - begin < 1.5}


async def retry():
    await flaky.kiq()
    return {"times": await soon("flaky", 3)}


async def main():
    await broker.startup()
    receiver = asyncio.create_task(run_receiver_task(broker))
    await async_step("task", task)
    await async_step("delay", delay)
    await async_step("retry", retry)
    receiver.cancel()
    await broker.shutdown()


asyncio.run(main())
