"""stomp.py against a STOMP broker: python stomp_client.py HOST:PORT PREFIX"""

import threading
from contextlib import contextmanager

import stomp
from report import BROKER, LARGE, PREFIX, step

HOST, PORT = BROKER.rsplit(":", 1)
SECONDS = 20


def queue(name):
    return f"/queue/{PREFIX}-{name}"


class Peer(stomp.ConnectionListener):
    """A connected client and all that it received."""

    def __init__(self, passcode="guest", heartbeats=(0, 0), decode=True):
        self.changed, self.messages, self.errors = threading.Condition(), [], []
        self.receipts, self.is_closed, self.connected = set(), False, None
        self.last_receipt = self.beats = 0
        self.client = stomp.StompConnection12(
            [(HOST, int(PORT))], vhost="/", reconnect_attempts_max=1, heartbeats=heartbeats, auto_decode=decode
        )
        self.client.set_listener("peer", self)
        try:
            self.client.connect("guest", passcode, wait=True)
        except stomp.exception.ConnectFailedException:
            pass
        self.until("an answer", lambda: self.connected or self.errors or self.is_closed)

    def _tell(self, change):
        with self.changed:
            change()
            self.changed.notify_all()

    def on_connected(self, frame):
        self._tell(lambda: setattr(self, "connected", frame.headers))

    def on_message(self, frame):
        self._tell(lambda: self.messages.append(frame))

    def on_error(self, frame):
        self._tell(lambda: self.errors.append(frame.headers["message"]))

    def on_receipt(self, frame):
        self._tell(lambda: self.receipts.add(frame.headers["receipt-id"]))

    def on_disconnected(self):
        self._tell(lambda: setattr(self, "is_closed", True))

    def on_heartbeat(self):
        self._tell(lambda: setattr(self, "beats", self.beats + 1))

    def until(self, what, condition):
        with self.changed:
            if not self.changed.wait_for(condition, SECONDS):
                raise TimeoutError(f"gave up waiting: {what}")

    def confirmed(self, run):
        """Runs a frame with a receipt until that is there."""
        self.last_receipt += 1
        name = f"r-{self.last_receipt}"
        run({"receipt": name})
        self.until(f"a receipt: {self.errors}", lambda: name in self.receipts)

    def send(self, destination, body="", **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.confirmed(lambda headers: self.client.send(destination, body, headers={**headers, **named}))

    def subscribe(self, destination, ack="auto", name="1", **headers):
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        self.confirmed(
            lambda headers: self.client.subscribe(destination, name, ack, headers={**headers, **named})
        )

    def take(self, count):
        self.until(f"{count} messages", lambda: len(self.messages) >= count)
        return self.messages[:count]

    def bodies(self, count):
        return [text(frame) for frame in self.take(count)]

    def ack(self, frame):
        self.confirmed(lambda headers: self.client.ack(frame.headers["ack"], receipt=headers["receipt"]))

    def end(self):
        if not self.is_closed:
            self.client.disconnect()
            self.until("closed", lambda: self.is_closed)


def text(frame):
    return frame.body if isinstance(frame.body, str) else frame.body.decode()


@contextmanager
def peers(count=1, **options):
    made = [Peer(**options) for _ in range(count)]
    yield made[0] if count == 1 else made
    for peer in made:
        peer.end()


def drain(destination):
    """What waits in a queue, up to a message that comes last."""
    with peers() as peer:
        peer.send(destination, "end")
        peer.subscribe(destination)
        peer.until("the end", lambda: peer.messages and text(peer.messages[-1]) == "end")
        return [text(frame) for frame in peer.messages[:-1]]


def connect():
    with peers() as peer:
        return {"version": peer.connected["version"]}


def send_with_receipt():
    with peers() as peer:
        for n in range(100):
            peer.send(queue("main"), str(n))
        return {"receipts": len(peer.receipts)}


def subscribe_and_receive():
    with peers() as peer:
        peer.subscribe(queue("main"))
        bodies = peer.bodies(100)
        return {"received": len(bodies), "inOrder": bodies == [str(n) for n in range(100)]}


def take_three(name, ack):
    """Three messages of which the second is acked."""
    with peers() as peer:
        for body in ("1", "2", "3"):
            peer.send(queue(name), body)
        peer.subscribe(queue(name), ack)
        peer.ack(peer.take(3)[1])
    return {"left": drain(queue(name))}


def nack_and_requeue():
    with peers() as peer:
        peer.send(queue("nack"), "x")
        peer.subscribe(queue("nack"), "client-individual")
        first = peer.take(1)[0]
        peer.client.nack(first.headers["ack"])
        again = peer.take(2)[1]
        peer.ack(again)
        return {"first": first.headers["redelivered"], "again": again.headers["redelivered"]}


def one(destination, body="x", **headers):
    """A message that went through a queue."""
    with peers() as peer:
        peer.subscribe(destination)
        peer.send(destination, body, **headers)
        return peer.take(1)[0]


def escaped_headers():
    return {"value": one(queue("odd"), odd="a:b\nc\\d ä").headers["odd"]}


def properties():
    sent = {"content_type": "text/plain", "correlation_id": "c-1", "priority": "3", "persistent": "true"}
    headers = one(queue("odd"), **sent).headers
    return {
        "contentType": headers["content-type"],
        "correlationId": headers["correlation-id"],
        "priority": headers["priority"],
        "persistent": headers["persistent"],
    }


def binary_body():
    body = bytes(range(256))
    with peers(decode=False) as peer:
        peer.subscribe(queue("odd"))
        peer.send(queue("odd"), body)
        return {"same": peer.take(1)[0].body == body}


def large_body():
    found = text(one(queue("odd"), LARGE.decode()))
    return {"bytes": len(found), "same": found == LARGE.decode()}


def topic_destination():
    with peers() as peer:
        peer.subscribe(f"/topic/{PREFIX}.order.*")
        for key in ("order.created", "user.created", "order.paid"):
            peer.send(f"/topic/{PREFIX}.{key}", key)
        return {"received": peer.bodies(2)}


def exchange_destination():
    with peers() as peer:
        peer.subscribe(f"/exchange/amq.direct/{PREFIX}")
        peer.send(f"/exchange/amq.direct/{PREFIX}", "to all")
        return {"received": peer.bodies(1)}


def missing_queue():
    with peers() as peer:
        peer.client.subscribe(f"/amq/queue/{PREFIX}-nowhere", "1")
        peer.until("an error", lambda: peer.errors)
        return {"message": peer.errors[0]}


def committed_transaction():
    with peers() as peer:
        peer.subscribe(queue("tx"))
        peer.client.begin("t")
        for body in ("1", "2"):
            peer.client.send(queue("tx"), body, headers={"transaction": "t"})
        peer.send(queue("tx-other"), "x")
        before = len(peer.messages)
        peer.confirmed(lambda headers: peer.client.commit("t", headers=headers))
        found = peer.bodies(2)
    drain(queue("tx-other"))
    return {"before": before, "received": found}


def aborted_transaction():
    with peers() as peer:
        peer.subscribe(queue("tx"))
        peer.client.begin("t")
        peer.client.send(queue("tx"), "undone", headers={"transaction": "t"})
        peer.confirmed(lambda headers: peer.client.abort("t", headers=headers))
        peer.send(queue("tx"), "end")
        return {"received": peer.bodies(1)}


def reply_to_a_temporary_queue():
    with peers(2) as (asking, answering):
        answering.subscribe(queue("questions"))
        asking.send(queue("questions"), "ping", reply_to="/temp-queue/answers")
        question = answering.take(1)[0]
        answering.client.send(question.headers["reply-to"], "pong")
        return {"reply": asking.bodies(1)[0]}


def durable_subscription():
    destination = f"/topic/{PREFIX}.durable"
    lasting = {"name": f"{PREFIX}-durable", "durable": "true", "auto_delete": "false"}
    with peers() as before:
        before.subscribe(destination, **lasting)
    with peers() as sender:
        for body in ("1", "2", "3"):
            sender.send(destination, body, persistent="true")
    with peers() as again:
        again.subscribe(destination, **lasting)
        found = again.bodies(3)
        again.client.unsubscribe(lasting["name"], durable="true", **{"auto-delete": "false"})
        return {"received": found}


def prefetch():
    with peers() as peer:
        for body in ("1", "2", "3"):
            peer.send(queue("few"), body)
        peer.subscribe(queue("few"), "client-individual", prefetch_count="2")
        peer.take(2)
        # The broker is done with all that came before.
        peer.send(queue("few-other"), "x")
        unacked = len(peer.messages)
        for frame in peer.messages[:2]:
            peer.ack(frame)
        last = peer.take(3)[2]
        peer.ack(last)
    drain(queue("few-other"))
    return {"unacked": unacked, "next": text(last)}


def unsubscribe():
    with peers() as peer:
        peer.subscribe(queue("left"))
        peer.send(queue("left"), "before")
        found = peer.bodies(1)
        peer.confirmed(lambda headers: peer.client.unsubscribe("1", headers=headers))
        peer.send(queue("left"), "after")
    drain(queue("left"))
    return {"received": found}


def heart_beats():
    with peers(heartbeats=(1000, 1000)) as peer:
        peer.until("a heart-beat", lambda: peer.beats > 0)
        peer.send(queue("odd"), "x")
        drained = drain(queue("odd"))
        return {"alive": not peer.is_closed and drained == ["x"]}


def refused_login():
    return {"message": Peer(passcode="wrong").errors[0]}


step("connect", connect)
step("send with receipt", send_with_receipt)
step("subscribe and receive", subscribe_and_receive)
step("ack of one", lambda: take_three("individual", "client-individual"))
step("cumulative ack", lambda: take_three("cumulative", "client"))
step("nack and requeue", nack_and_requeue)
step("escaped headers", escaped_headers)
step("properties", properties)
step("binary body", binary_body)
step("large body", large_body)
step("topic destination", topic_destination)
step("exchange destination", exchange_destination)
step("missing queue", missing_queue)
step("committed transaction", committed_transaction)
step("aborted transaction", aborted_transaction)
step("reply to a temporary queue", reply_to_a_temporary_queue)
step("durable subscription", durable_subscription)
step("prefetch", prefetch)
step("unsubscribe", unsubscribe)
step("heart-beats", heart_beats)
step("refused login", refused_login)
