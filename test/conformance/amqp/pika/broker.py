"""What the pika tests share: connections to the broker under test, and a base test case."""

import os
import unittest
import uuid

import pika

URL = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672/%2F")


def parameters(**changes):
    """Connection parameters with some attributes changed."""
    result = pika.URLParameters(URL)
    for name, value in changes.items():
        setattr(result, name, value)
    return result


def unique(prefix):
    """A name that no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


class BrokerTest(unittest.TestCase):
    """Opens a connection and a channel for each test."""

    def setUp(self):
        self.connection = pika.BlockingConnection(parameters())
        self.addCleanup(self.close)
        self.channel = self.connection.channel()

    def close(self):
        if self.connection.is_open:
            self.connection.close()

    def queue(self, *bodies):
        """An exclusive queue with these messages."""
        name = self.channel.queue_declare("", exclusive=True).method.queue
        for body in bodies:
            self.channel.basic_publish("", name, body)
        return name

    def wait_until(self, condition, seconds=10):
        """Serves the connection until the condition holds."""
        for _ in range(seconds * 20):
            if condition():
                return
            self.connection.process_data_events(time_limit=0.05)
        self.fail("condition does not hold in time")

    def bodies(self, queue):
        """Empties the queue."""
        result = []
        while True:
            method, _, body = self.channel.basic_get(queue, auto_ack=True)
            if method is None:
                return result
            result.append(body)
