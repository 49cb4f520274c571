"""aiomqtt against an MQTT broker: python aiomqtt_client.py HOST:PORT PREFIX"""

import asyncio
from contextlib import AsyncExitStack

import aiomqtt
from aiomqtt import Client, MqttError, ProtocolVersion, Will
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions
from report import BROKER, LARGE, PREFIX, async_step

HOST, PORT = BROKER.rsplit(":", 1)
SECONDS = 20


def at(name):
    """Topics of this run; those of a shared subscription begin elsewhere."""
    return name if name.startswith("$") else f"{PREFIX}/{name}"


def peer(version=ProtocolVersion.V5, name=None, expiry=None, password="guest", **options):
    """A client, to be entered."""
    if version == ProtocolVersion.V5:
        wanted = Properties(PacketTypes.CONNECT)
        wanted.SessionExpiryInterval = 600 if expiry is None and "clean_start" in options else expiry or 0
        options["properties"] = wanted
    return Client(
        HOST, int(PORT), username="guest", password=password, protocol=version,
        identifier=name, timeout=SECONDS, **options,
    )


async def take(client, count):
    """That many messages."""
    found = []
    async with asyncio.timeout(SECONDS):
        while len(found) < count:
            found.append(await anext(client.messages))
    return found


async def take_payloads(client, count):
    return [message.payload.decode() for message in await take(client, count)]


async def take_topics(client, count):
    return sorted(str(message.topic)[len(PREFIX) + 1:] for message in await take(client, count))


async def mqtt_31():
    async with peer(version=ProtocolVersion.V31, name=f"{PREFIX[-10:]}-old") as client:
        await client.subscribe(at("old"), qos=1)
        await client.publish(at("old"), "x", qos=1)
        return {"received": len(await take(client, 1))}


def summary(messages):
    """Numbers rise within a QoS: the client shows one of QoS 2 when it is released."""
    by_qos = {}
    for message in messages:
        by_qos.setdefault(message.qos, []).append(int(message.payload))
    rises = all(numbers == sorted(set(numbers)) for numbers in by_qos.values())
    return {"received": len(messages), "inOrder": rises, "qos": sorted(by_qos)}


async def qos(level):
    async with peer() as client:
        await client.subscribe(at(f"qos/{level}"), qos=level)
        for n in range(100):
            await sender.publish(at(f"qos/{level}"), str(n), qos=level)
        return summary(await take(client, 100))


async def lower_qos():
    async with peer() as client:
        granted = [(await client.subscribe(at(f"lower/{n}"), qos=n))[0].value for n in (0, 1)]
        for n in (0, 1):
            await sender.publish(at(f"lower/{n}"), "x", qos=2)
        return {"granted": granted, "received": sorted(m.qos for m in await take(client, 2))}


async def large_payload():
    async with peer() as client:
        await client.subscribe(at("large"), qos=1)
        await sender.publish(at("large"), LARGE, qos=1)
        [found] = await take(client, 1)
        return {"bytes": len(found.payload), "same": found.payload == LARGE}


async def topic_names():
    names = ["ä b/日本", "a.b/c", "/lead//"]
    async with peer() as client:
        for name in names:
            await client.subscribe(at(name), qos=1)
        for name in names:
            await sender.publish(at(name), "x", qos=1)
        return {"received": await take_topics(client, 3)}


async def wildcards():
    async with peer() as client:
        await client.subscribe([(at("+/temp"), 1), (at("deep/#"), 1)])
        for name in ("x/temp", "x/y/temp", "deep", "deep/a/b", "deeper"):
            await sender.publish(at(name), "x", qos=1)
        return {"received": await take_topics(client, 3)}


async def unsubscribe():
    async with peer() as client:
        await client.subscribe(at("left"), qos=1)
        await client.publish(at("left"), "before", qos=1)
        await client.unsubscribe(at("left"))
        await client.publish(at("left"), "after", qos=1)
        found = await take_payloads(client, 1)
        return {"received": found + ["more"] * len(client.messages)}


async def retained():
    async with peer() as live, peer() as late, peer() as last:
        await live.subscribe(at("retained"), qos=1)
        await sender.publish(at("retained"), "kept", qos=1, retain=True)
        [seen] = await take(live, 1)
        await late.subscribe(at("retained"), qos=1)
        [stored] = await take(late, 1)
        await sender.publish(at("retained"), "", qos=1, retain=True)
        await last.subscribe(at("retained"), qos=1)
        await sender.publish(at("retained"), "end", qos=1)
        [first] = await take_payloads(last, 1)
        return {
            "live": seen.retain,
            "stored": stored.retain,
            "qos": stored.qos,
            "cleared": 0 if first == "end" else 1,
        }


async def retained_by_wildcard():
    names = ("room/1", "room/2", "hall/1")
    async with peer() as client:
        for name in names:
            await sender.publish(at(name), "x", qos=1, retain=True)
        await client.subscribe(at("room/+"), qos=1)
        found = await take_topics(client, 2)
        for name in names:
            await sender.publish(at(name), "", qos=1, retain=True)
        return {"received": found}


async def will():
    async with peer() as client:
        await client.subscribe(at("will"), qos=1)
        dying = peer(will=Will(at("will"), "gone", qos=1))
        await dying.__aenter__()
        dying._client.socket().shutdown(2)
        [found] = await take(client, 1)
        return {"payload": found.payload.decode(), "qos": found.qos, "retain": found.retain}


async def no_will_after_disconnect():
    async with peer() as client:
        await client.subscribe(at("will"), qos=1)
        async with peer(will=Will(at("will"), "gone", qos=1)):
            pass
        await sender.publish(at("will"), "end", qos=1)
        return {"received": await take_payloads(client, 1)}


def lasting(name):
    """A session that outlives its connection."""
    return peer(name=f"{PREFIX}-{name}", clean_start=False)


async def offline_messages():
    async with lasting("offline") as before:
        await before.subscribe(at("offline"), qos=2)
    for n in range(20):
        await sender.publish(at("offline"), str(n), qos=1 + n % 2)
    async with lasting("offline") as again:
        found = await take(again, 20)
        # The client does not show the flag; what came without a subscription does.
        return {"sessionPresent": len(found) == 20, **summary(found)}


async def clean_session():
    async with lasting("cleaned") as before:
        await before.subscribe(at("cleaned"), qos=1)
    await sender.publish(at("cleaned"), "old", qos=1)
    async with peer(name=f"{PREFIX}-cleaned", clean_start=True) as clean:
        await clean.subscribe(at("cleaned"), qos=1)
        await sender.publish(at("cleaned"), "new", qos=1)
        found = await take_payloads(clean, 1)
        return {"sessionPresent": found != ["new"], "received": found}


async def take_over():
    first = await peer(name=f"{PREFIX}-twin").__aenter__()
    async with peer(name=f"{PREFIX}-twin"):
        try:
            await take(first, 1)
        except MqttError:
            return {"closed": True}
    return {"closed": False}


async def shared_subscription():
    async with AsyncExitStack() as stack:
        members = [await stack.enter_async_context(peer()) for _ in range(2)]
        for member in members:
            await member.subscribe(at(f"$share/group/{PREFIX}/shared"), qos=1)
        for n in range(40):
            await sender.publish(at("shared"), str(n), qos=1)
        async with asyncio.timeout(SECONDS):
            while sum(len(member.messages) for member in members) < 40:
                await asyncio.sleep(0.01)
        counts = [len(member.messages) for member in members]
        found = sum([await take_payloads(each, n) for each, n in zip(members, counts)], [])
        return {
            "received": len(found),
            "again": len(found) - len(set(found)),
            "members": sum(1 for count in counts if count > 0),
        }


async def refused_login():
    try:
        async with peer(password="wrong"):
            return {"refused": False}
    except aiomqtt.MqttCodeError as error:
        return {"refused": getattr(error.rc, "value", error.rc) in (4, 5, 134, 135)}


async def properties():
    sent = Properties(PacketTypes.PUBLISH)
    sent.ContentType = "text/plain"
    sent.ResponseTopic = "answers/here"
    sent.CorrelationData = bytes.fromhex("00ff80")
    sent.UserProperty = [("b", "1"), ("b", "3"), ("a", "2")]
    sent.PayloadFormatIndicator = 1
    sent.MessageExpiryInterval = 60
    async with peer() as client:
        await client.subscribe(at("properties"), qos=1)
        await sender.publish(at("properties"), "text", qos=1, properties=sent)
        found = (await take(client, 1))[0].properties
        return {
            "contentType": found.ContentType,
            "responseTopic": found.ResponseTopic,
            "correlation": found.CorrelationData.hex(),
            "user": [list(pair) for pair in found.UserProperty],
            "format": found.PayloadFormatIndicator,
            "expires": 50 < found.MessageExpiryInterval <= 60,
        }


async def subscription_id():
    wanted = Properties(PacketTypes.SUBSCRIBE)
    wanted.SubscriptionIdentifier = 7
    async with peer() as client:
        await client.subscribe(at("id"), qos=1, properties=wanted)
        await sender.publish(at("id"), "x", qos=1)
        return {"ids": (await take(client, 1))[0].properties.SubscriptionIdentifier}


async def no_local():
    async with peer() as client:
        await client.subscribe(at("local"), options=SubscribeOptions(1, noLocal=True))
        await client.publish(at("local"), "own", qos=1)
        await sender.publish(at("local"), "other", qos=1)
        return {"received": await take_payloads(client, 1)}


async def retain_as_published():
    async with peer() as client:
        options = SubscribeOptions(1, retainAsPublished=True)
        await client.subscribe(at("as-published"), options=options)
        await sender.publish(at("as-published"), "x", qos=1, retain=True)
        [found] = await take(client, 1)
        await sender.publish(at("as-published"), "", qos=1, retain=True)
        return {"live": found.retain}


async def retain_handling():
    async with peer() as client:
        await sender.publish(at("handling"), "kept", qos=1, retain=True)
        options = SubscribeOptions(1, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
        await client.subscribe(at("handling"), options=options)
        await sender.publish(at("handling"), "end", qos=1)
        found = await take_payloads(client, 1)
        await sender.publish(at("handling"), "", qos=1, retain=True)
        return {"received": found}


async def topic_alias():
    alias = Properties(PacketTypes.PUBLISH)
    alias.TopicAlias = 1
    async with peer() as client, peer() as aliasing:
        await client.subscribe(at("aliased"), qos=1)
        await aliasing.publish(at("aliased"), "1", qos=1, properties=alias)
        for n in (2, 3):
            await aliasing.publish("", str(n), qos=1, properties=alias)
        return {"received": await take_payloads(client, 3)}


async def session_expiry():
    async def present(expiry):
        name = f"{PREFIX}-expiry-{expiry}"
        async with peer(name=name, expiry=expiry, clean_start=False) as before:
            await before.subscribe(at(name), qos=1)
        async with peer(name=name, clean_start=False) as again:
            # The client does not show the flag: the subscription is there with the session.
            await again.subscribe(at(f"{name}/end"), qos=1)
            await sender.publish(at(name), "kept", qos=1)
            await sender.publish(at(f"{name}/end"), "end", qos=1)
            return await take_payloads(again, 1) == ["kept"]

    return {"kept": await present(600), "ended": await present(0)}


async def main():
    global sender
    async with peer() as sender:
        await async_step("MQTT 3.1", mqtt_31)
        for level in (0, 1, 2):
            await async_step(f"QoS {level}", lambda: qos(level))
        await async_step("lower QoS", lower_qos)
        await async_step("large payload", large_payload)
        await async_step("topic names", topic_names)
        await async_step("wildcards", wildcards)
        await async_step("unsubscribe", unsubscribe)
        await async_step("retained", retained)
        await async_step("retained by wildcard", retained_by_wildcard)
        await async_step("will", will)
        await async_step("no will after disconnect", no_will_after_disconnect)
        await async_step("offline messages", offline_messages)
        await async_step("clean session", clean_session)
        await async_step("take over", take_over)
        await async_step("shared subscription", shared_subscription)
        await async_step("refused login", refused_login)
        await async_step("properties", properties)
        await async_step("subscription id", subscription_id)
        await async_step("no local", no_local)
        await async_step("retain as published", retain_as_published)
        await async_step("retain handling", retain_handling)
        await async_step("topic alias", topic_alias)
        await async_step("session expiry", session_expiry)


asyncio.run(main())
