"""paho-mqtt against an MQTT broker: python paho_client.py HOST:PORT PREFIX, with MQTT_VERSION=4 or 5."""

import os
import threading
from contextlib import contextmanager
from time import sleep

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions
from report import BROKER, LARGE, PREFIX, step, until

HOST, PORT = BROKER.rsplit(":", 1)
IS_5 = os.environ.get("MQTT_VERSION") != "4"
VERSION = mqtt.MQTTv5 if IS_5 else mqtt.MQTTv311
SECONDS = 20


def at(name):
    """Topics of this run; those of a shared subscription begin elsewhere."""
    return name if name.startswith("$") else f"{PREFIX}/{name}"


def properties(kind, **values):
    found = Properties(kind)
    for name, value in values.items():
        setattr(found, name, value)
    return found


class Peer:
    """A connected client and all that it received."""

    def __init__(self, client_id="", clean=True, expiry=0, will=None, version=VERSION, password="guest"):
        self.received, self.changed, self.connack = [], threading.Condition(), None
        self.answers, self.is_closed, self.assigned = {}, False, ""
        session = {} if version == mqtt.MQTTv5 else {"clean_session": clean}
        self.client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id, protocol=version,
            reconnect_on_failure=False, **session,
        )
        self.client.username_pw_set("guest", password)
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = self._on_disconnect
        self.client.on_message = self._on_message
        self.client.on_subscribe = self._on_answer
        self.client.on_unsubscribe = self._on_answer
        self.client.on_publish = self._on_answer
        if will:
            self.client.will_set(will[0], will[1], qos=1)
        more = {}
        if version == mqtt.MQTTv5:
            wanted = properties(PacketTypes.CONNECT, SessionExpiryInterval=expiry)
            more = {"clean_start": clean, "properties": wanted}
        self.client.connect(HOST, int(PORT), **more)
        self.client.loop_start()
        self.until(lambda: self.connack is not None or self.is_closed)

    def _tell(self, change):
        with self.changed:
            change()
            self.changed.notify_all()

    def _on_connect(self, client, data, flags, code, properties):
        self.assigned = getattr(properties, "AssignedClientIdentifier", "")
        self._tell(lambda: setattr(self, "connack", (flags.session_present, code)))

    def _on_disconnect(self, *rest):
        self._tell(lambda: setattr(self, "is_closed", True))

    def _on_message(self, client, data, message):
        self._tell(lambda: self.received.append(message))

    def _on_answer(self, client, data, packet_id, codes, properties):
        self._tell(lambda: self.answers.__setitem__(packet_id, codes))

    def until(self, condition):
        with self.changed:
            if not self.changed.wait_for(condition, SECONDS):
                raise TimeoutError(f"gave up waiting; received {len(self.received)}")

    def answer(self, packet_id):
        self.until(lambda: packet_id in self.answers)
        return self.answers.pop(packet_id)

    def subscribe(self, name, qos=1, **options):
        identifier = options.pop("identifier", None)
        more = {"qos": qos}
        if options:
            more = {"options": SubscribeOptions(qos, **options)}
        if identifier:
            more["properties"] = properties(PacketTypes.SUBSCRIBE, SubscriptionIdentifier=identifier)
        return self.answer(self.client.subscribe(at(name), **more)[1])[0].value

    def publish(self, name, payload, qos=1, **options):
        """Until it is acked; with the reason code."""
        code = self.answer(self.client.publish(at(name), payload, qos, **options).mid)
        return code.value

    def wait(self, count):
        self.until(lambda: len(self.received) >= count)

    def payloads(self):
        return [message.payload.decode() for message in self.received]

    def topics(self):
        return sorted(message.topic[len(PREFIX) + 1:] for message in self.received)

    def end(self, **options):
        self.client.disconnect(**options)
        self.client.loop_stop()

    def cut(self):
        """Without a DISCONNECT."""
        self.client.loop_stop()
        self.client.socket().close()


@contextmanager
def peers(count=1, **options):
    made = [Peer(**options) for _ in range(count)]
    yield made[0] if count == 1 else made
    for peer in made:
        peer.end()


def lasting(name):
    """A session that outlives its connection."""
    return {"client_id": f"{PREFIX}-{name}", "clean": False, "expiry": 600}


sender = Peer()


def connect():
    with peers() as peer:
        return {"sessionPresent": peer.connack[0]}


def mqtt_31():
    with peers(version=mqtt.MQTTv31, client_id=f"p{os.getpid()}-old") as peer:
        peer.subscribe("old")
        peer.publish("old", "x")
        peer.wait(1)
        return {"received": len(peer.received)}


def qos(level):
    with peers() as peer:
        peer.subscribe(f"qos/{level}", level)
        for n in range(100):
            sender.publish(f"qos/{level}", str(n), level)
        peer.wait(100)
        return summary(peer)


def summary(peer):
    """Numbers rise within a QoS: the client shows one of QoS 2 when it is released."""
    by_qos = {}
    for message in peer.received:
        by_qos.setdefault(message.qos, []).append(int(message.payload))
    rises = all(numbers == sorted(set(numbers)) for numbers in by_qos.values())
    return {"received": len(peer.received), "inOrder": rises, "qos": sorted(by_qos)}


def lower_qos():
    with peers() as peer:
        granted = [peer.subscribe("lower/0", 0), peer.subscribe("lower/1", 1)]
        for n in (0, 1):
            sender.publish(f"lower/{n}", "x", 2)
        peer.wait(2)
        return {"granted": granted, "received": sorted(message.qos for message in peer.received)}


def large_payload():
    with peers() as peer:
        peer.subscribe("large")
        sender.publish("large", LARGE)
        peer.wait(1)
        found = peer.received[0].payload
        return {"bytes": len(found), "same": found == LARGE}


def topic_names():
    names = ["ä b/日本", "a.b/c", "/lead//"]
    with peers() as peer:
        for name in names:
            peer.subscribe(name)
        for name in names:
            sender.publish(name, "x")
        peer.wait(3)
        return {"received": peer.topics()}


def wildcards():
    with peers() as peer:
        peer.subscribe("+/temp")
        peer.subscribe("deep/#")
        for name in ("x/temp", "x/y/temp", "deep", "deep/a/b", "deeper"):
            sender.publish(name, "x")
        peer.wait(3)
        return {"received": peer.topics()}


def unsubscribe():
    with peers() as peer:
        peer.subscribe("left")
        peer.publish("left", "before")
        peer.answer(peer.client.unsubscribe(at("left"))[1])
        peer.publish("left", "after")
        peer.wait(1)
        return {"received": peer.payloads()}


def retained():
    with peers(3) as (live, late, last):
        live.subscribe("retained")
        sender.publish("retained", "kept", retain=True)
        live.wait(1)
        late.subscribe("retained")
        late.wait(1)
        sender.publish("retained", "", retain=True)
        last.subscribe("retained")
        sender.publish("retained", "end")
        last.wait(1)
        stored = late.received[0]
        return {
            "live": bool(live.received[0].retain),
            "stored": bool(stored.retain),
            "qos": stored.qos,
            "cleared": len(last.received) - 1,
        }


def retained_by_wildcard():
    names = ("room/1", "room/2", "hall/1")
    with peers() as peer:
        for name in names:
            sender.publish(name, "x", retain=True)
        peer.subscribe("room/+")
        peer.wait(2)
        found = peer.topics()
        for name in names:
            sender.publish(name, "", retain=True)
        return {"received": found}


def will():
    with peers() as peer:
        peer.subscribe("will")
        Peer(will=(at("will"), "gone")).cut()
        peer.wait(1)
        found = peer.received[0]
        return {"payload": found.payload.decode(), "qos": found.qos, "retain": bool(found.retain)}


def no_will_after_disconnect():
    with peers() as peer:
        peer.subscribe("will")
        Peer(will=(at("will"), "gone")).end()
        sender.publish("will", "end")
        peer.wait(1)
        return {"received": peer.payloads()}


def offline_messages():
    before = Peer(**lasting("offline"))
    before.subscribe("offline", 2)
    before.end()
    for n in range(20):
        sender.publish("offline", str(n), 1 + n % 2)
    with peers(**lasting("offline")) as again:
        again.wait(20)
        return {"sessionPresent": again.connack[0], **summary(again)}


def clean_session():
    before = Peer(**lasting("cleaned"))
    before.subscribe("cleaned")
    before.end()
    sender.publish("cleaned", "old")
    with peers(client_id=f"{PREFIX}-cleaned") as clean:
        clean.subscribe("cleaned")
        sender.publish("cleaned", "new")
        clean.wait(1)
        return {"sessionPresent": clean.connack[0], "received": clean.payloads()}


def take_over():
    first = Peer(client_id=f"{PREFIX}-twin")
    with peers(client_id=f"{PREFIX}-twin"):
        first.until(lambda: first.is_closed)
        return {"closed": first.is_closed}


def shared_subscription():
    with peers(2) as members:
        for member in members:
            member.subscribe(f"$share/group/{PREFIX}/shared")
        for n in range(40):
            sender.publish("shared", str(n))
        until("40 messages", lambda: sum(len(member.received) for member in members) >= 40 or sleep(0.01))
        found = [payload for member in members for payload in member.payloads()]
        return {
            "received": len(found),
            "again": len(found) - len(set(found)),
            "members": sum(1 for member in members if member.received),
        }


def refused_login():
    peer = Peer(password="wrong")
    peer.client.loop_stop()
    return {"refused": peer.connack[1].value in (4, 5, 134, 135)}


def all_properties():
    with peers() as peer:
        peer.subscribe("properties")
        sender.publish("properties", "text", properties=properties(
            PacketTypes.PUBLISH,
            ContentType="text/plain",
            ResponseTopic="answers/here",
            CorrelationData=bytes.fromhex("00ff80"),
            UserProperty=[("b", "1"), ("b", "3"), ("a", "2")],
            PayloadFormatIndicator=1,
            MessageExpiryInterval=60,
        ))
        peer.wait(1)
        found = peer.received[0].properties
        return {
            "contentType": found.ContentType,
            "responseTopic": found.ResponseTopic,
            "correlation": found.CorrelationData.hex(),
            "user": [list(pair) for pair in found.UserProperty],
            "format": found.PayloadFormatIndicator,
            "expires": 50 < found.MessageExpiryInterval <= 60,
        }


def subscription_id():
    with peers() as peer:
        peer.subscribe("id", identifier=7)
        sender.publish("id", "x")
        peer.wait(1)
        return {"ids": peer.received[0].properties.SubscriptionIdentifier}


def no_local():
    with peers() as peer:
        peer.subscribe("local", noLocal=True)
        peer.publish("local", "own")
        sender.publish("local", "other")
        peer.wait(1)
        return {"received": peer.payloads()}


def retain_as_published():
    with peers() as peer:
        peer.subscribe("as-published", retainAsPublished=True)
        sender.publish("as-published", "x", retain=True)
        peer.wait(1)
        sender.publish("as-published", "", retain=True)
        return {"live": bool(peer.received[0].retain)}


def retain_handling():
    with peers() as peer:
        sender.publish("handling", "kept", retain=True)
        peer.subscribe("handling", retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
        sender.publish("handling", "end")
        peer.wait(1)
        found = peer.payloads()[:1]
        sender.publish("handling", "", retain=True)
        return {"received": found}


def assigned_client_id():
    with peers() as peer:
        return {"assigned": peer.assigned != ""}


def topic_alias():
    alias = properties(PacketTypes.PUBLISH, TopicAlias=1)
    with peers() as peer:
        peer.subscribe("aliased")
        with peers() as aliasing:
            aliasing.publish("aliased", "1", properties=alias)
            for n in (2, 3):
                aliasing.answer(aliasing.client.publish("", str(n), 1, properties=alias).mid)
        peer.wait(3)
        return {"received": peer.payloads()}


def session_expiry():
    def present(expiry):
        name = f"{PREFIX}-expiry-{expiry}"
        Peer(client_id=name, clean=False, expiry=expiry).end()
        with peers(client_id=name, clean=False) as again:
            return again.connack[0]

    return {"kept": present(600), "ended": present(0)}


def will_after_disconnect():
    with peers() as peer:
        peer.subscribe("left")
        leaving = Peer(will=(at("left"), "left"))
        leaving.end(reasoncode=ReasonCode(PacketTypes.DISCONNECT, identifier=4))
        peer.wait(1)
        return {"received": peer.payloads()}


step("connect", connect)
step("MQTT 3.1", mqtt_31)
for number in (0, 1, 2):
    step(f"QoS {number}", lambda: qos(number))
step("lower QoS", lower_qos)
step("large payload", large_payload)
step("topic names", topic_names)
step("wildcards", wildcards)
step("unsubscribe", unsubscribe)
step("retained", retained)
step("retained by wildcard", retained_by_wildcard)
step("will", will)
step("no will after disconnect", no_will_after_disconnect)
step("offline messages", offline_messages)
step("clean session", clean_session)
step("take over", take_over)
step("shared subscription", shared_subscription)
step("refused login", refused_login)
if IS_5:
    step("properties", all_properties)
    step("subscription id", subscription_id)
    step("no local", no_local)
    step("retain as published", retain_as_published)
    step("retain handling", retain_handling)
    step("no matching subscribers", lambda: {"code": sender.publish("nobody", "x")})
    step("assigned client id", assigned_client_id)
    step("topic alias", topic_alias)
    step("session expiry", session_expiry)
    step("will after disconnect", will_after_disconnect)
sender.end()
