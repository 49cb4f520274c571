"""An application that counts words, in a process of its own: it is written to, killed and checked."""

import json
import signal
import subprocess
import sys
import tempfile

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from report import BROKER, PREFIX, until

WORDS = [f"word{n}" for n in range(10)]
PARTITIONS = 2
KILLS = 2
#: A session of the killed one ends first.
SECONDS = 40


class Counter:
    """`program` is started with the broker, a prefix, a guarantee and a folder for its state.

    It is started `restarts` times more when it stops counting.
    """

    def __init__(self, program, guarantee, restarts=0):
        self.restarts = restarts
        self.words, self.counts = (f"{PREFIX}-{guarantee}-{name}" for name in ("in", "out"))
        state = tempfile.mkdtemp(prefix="pabal-counter-")
        self.args = [sys.executable, program, BROKER, PREFIX, guarantee, state]
        self.written = 0
        topics = [NewTopic(name, PARTITIONS, 1) for name in (self.words, self.counts)]
        admin = AdminClient({"bootstrap.servers": BROKER})
        for made in admin.create_topics(topics).values():
            made.result()
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.args, stdout=subprocess.DEVNULL)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def write(self, rounds):
        producer = Producer({"bootstrap.servers": BROKER})
        for _ in range(rounds):
            for word in WORDS:
                producer.produce(self.words, key=word, value=json.dumps(word))
        producer.flush(20)
        self.written += rounds

    def seen(self):
        """All counts of each word that readers of committed records see, in order."""
        consumer = Consumer(
            {
                "bootstrap.servers": BROKER,
                "group.id": f"{PREFIX}-reader",
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
            }
        )
        seen = {word: [] for word in WORDS}
        for partition in range(PARTITIONS):
            consumer.assign([TopicPartition(self.counts, partition, OFFSET_BEGINNING)])
            while (message := consumer.poll(2)) is not None and not message.error():
                seen[message.key().decode()].append(json.loads(message.value()))
        consumer.close()
        return seen

    def total(self):
        return sum(map(len, self.seen().values()))

    def until_all(self):
        """What was seen, once each word was counted as often as it was written."""

        def look():
            if self.process.poll() is not None:
                raise RuntimeError(f"the application ended with {self.process.returncode}")
            seen = self.seen()
            done = all(max(seen[word], default=0) >= self.written for word in WORDS)
            return seen if done else None

        return self.until("all is counted", look)

    def until_more_than(self, total):
        self.until("some is counted", lambda: self.total() > total)

    def until(self, what, look):
        try:
            return until(what, look, SECONDS)
        except TimeoutError:
            if self.restarts == 0:
                raise
            self.restarts -= 1
            self.kill()
            self.start()
            return self.until(what, look)


def count_and_kill(program, guarantee, restarts=0):
    """Whether each word was counted 1, 2, 3 … to the end, and how often it was written."""
    counter = Counter(program, guarantee, restarts)
    try:
        counter.write(20)
        counter.until_all()
        for _ in range(KILLS):
            before = counter.total()
            counter.write(100)
            counter.until_more_than(before)
            counter.kill()
            counter.start()
        seen = counter.until_all()
    finally:
        counter.kill()
    exact = all(seen[word] == list(range(1, counter.written + 1)) for word in WORDS)
    return {"exact": exact, "written": counter.written}


def at_least_once(program, guarantee, restarts=0):
    """None is lost: until_all() has seen each word's last count."""
    return {"written": count_and_kill(program, guarantee, restarts)["written"]}


def has_topic(name):
    admin = AdminClient({"bootstrap.servers": BROKER})
    return {"found": name in admin.list_topics(timeout=10).topics}
