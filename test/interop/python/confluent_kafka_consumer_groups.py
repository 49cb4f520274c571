"""Groups of the consumer protocol (KIP-848) with confluent-kafka (librdkafka): ... HOST:PORT PREFIX"""

from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient, NewTopic
from report import BROKER, PREFIX, step, until

admin = AdminClient({"bootstrap.servers": BROKER})
CLASSIC = {"session.timeout.ms": 6000, "heartbeat.interval.ms": 200}


def create(name, partitions):
    for future in admin.create_topics([NewTopic(f"{PREFIX}-{name}", partitions, 1)]).values():
        future.result()


def join(group, protocol, topic="orders"):
    settings = CLASSIC if protocol == "classic" else {}
    base = {"bootstrap.servers": BROKER, "log_level": 0, "group.protocol": protocol}
    consumer = Consumer({**base, "group.id": f"{PREFIX}-{group}", **settings})
    consumer.subscribe([topic if topic.startswith("^") else f"{PREFIX}-{topic}"])
    return consumer


def shares(members, *wanted):
    """Waits until each member has as many partitions."""

    def found():
        for member in members:
            member.poll(0.05)
        return [len(member.assignment()) for member in members]

    until(f"{wanted}, have {found()}", lambda: found() == list(wanted))
    return list(wanted)


create("orders", 6)
working = []


def share():
    working.append(join("sharing", "consumer"))
    alone = shares(working, 6)
    working.append(join("sharing", "consumer"))
    return {"alone": alone, "together": shares(working, 3, 3)}


def take_over():
    working.pop(0).close()
    left = shares(working, 6)
    working.pop().close()
    return {"left": left}


def pattern():
    create("seen-1", 2)
    member = join("pattern", "consumer", f"^{PREFIX}-seen-.*")
    before = shares([member], 2)
    create("seen-2", 3)
    after = shares([member], 5)
    member.close()
    return {"before": before, "after": after}


def go_over():
    old = join("moving", "classic")
    classic = shares([old], 6)
    new = join("moving", "consumer")
    both = shares([old, new], 3, 3)
    old.close()
    working.append(new)
    return {"classic": classic, "both": both, "consumer": shares(working, 6)}


def go_back():
    old = join("moving", "classic")
    both = shares([*working, old], 3, 3)
    working.pop().close()
    classic = shares([old], 6)
    old.close()
    return {"both": both, "classic": classic}


step("share", share)
step("take over", take_over)
step("a pattern", pattern)
step("go over", go_over)
step("go back", go_back)
