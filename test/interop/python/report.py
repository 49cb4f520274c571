"""Prints one JSON line per step, for test/interop/interop.test.ts."""

import asyncio
import json
import sys
import time

BROKER = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:9092"
PREFIX = sys.argv[2] if len(sys.argv) > 2 else "interop"
LARGE = (b"large record " * 70_893)[:921_600]


def report(step, result):
    print(json.dumps({"step": step, "result": result}), flush=True)


def report_error(step, error):
    print(json.dumps({"step": step, "error": f"{type(error).__name__}: {error}"}), flush=True)


def step(name, run):
    """Runs one step and prints its result or error; later steps run in any case."""
    try:
        report(name, run())
    except Exception as error:
        report_error(name, error)


async def async_step(name, run):
    try:
        report(name, await run())
    except Exception as error:
        report_error(name, error)


def until(what, poll, seconds=20):
    """The first true result of poll(), which itself waits a moment when it has nothing."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = poll()
        if found:
            return found
    raise TimeoutError(f"gave up waiting: {what}")


def eventually(wanted, look):
    """What look() finds once it is wanted: Kafka knows a change a moment after it said so."""
    end = time.monotonic() + 10
    while (found := look()) != wanted and time.monotonic() < end:
        time.sleep(0.02)
    return found


async def async_eventually(wanted, look):
    end = time.monotonic() + 10
    while (found := await look()) != wanted and time.monotonic() < end:
        await asyncio.sleep(0.02)
    return found


def text(value):
    return None if value is None else bytes(value).decode()


def check_batches(codecs, seen):
    """seen: (key, value) pairs; numbers must rise within a codec and key."""
    wanted = {f"{codec}-{n}" for codec in codecs for n in range(12)}
    values = [value for _, value in seen]
    last, in_order = {}, True
    for key, value in seen:
        codec, n = value.split("-")
        if int(n) <= last.get((codec, key), -1):
            in_order = False
        last[(codec, key)] = int(n)
    return {
        "missing": len(wanted - set(values)),
        "again": len(values) - len(set(values)),
        "keysInOrder": in_order,
    }
