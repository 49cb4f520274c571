"""Exchanges, queues and bindings."""

import unittest

import pika
from broker import BrokerTest, parameters, unique
from pika import exceptions
from pika.exchange_type import ExchangeType


class Exchanges(BrokerTest):
    def test_all_types(self):
        for kind in ExchangeType:
            name = unique(kind.value)
            self.channel.exchange_declare(name, kind, auto_delete=True)
            self.channel.exchange_declare(name, passive=True)
            self.channel.exchange_delete(name)

    def test_bind_exchanges(self):
        source, destination = unique("source"), unique("destination")
        for name in (source, destination):
            self.channel.exchange_declare(name, "fanout", auto_delete=True)
        queue = self.queue()
        self.channel.exchange_bind(destination, source)
        self.channel.queue_bind(queue, destination)
        self.channel.basic_publish(source, "any", b"through")
        self.assertEqual(self.bodies(queue), [b"through"])
        self.channel.exchange_unbind(destination, source)

    def test_topic(self):
        queue = self.queue()
        key = unique("user")
        self.channel.queue_bind(queue, "amq.topic", f"{key}.*")
        self.channel.basic_publish("amq.topic", f"{key}.created", b"yes")
        self.channel.basic_publish("amq.topic", f"{key}.a.b", b"no")
        self.assertEqual(self.bodies(queue), [b"yes"])
        self.channel.queue_unbind(queue, "amq.topic", f"{key}.*")
        self.channel.basic_publish("amq.topic", f"{key}.created", b"no more")
        self.assertEqual(self.bodies(queue), [])

    def test_headers(self):
        queue = self.queue()
        arguments = {"x-match": "all", "format": "pdf", "pages": 3}
        self.channel.queue_bind(queue, "amq.headers", arguments=arguments)
        for headers in ({"format": "pdf", "pages": 3}, {"format": "pdf"}):
            properties = pika.BasicProperties(headers=headers)
            self.channel.basic_publish("amq.headers", "", b"x", properties)
        self.assertEqual(len(self.bodies(queue)), 1)


class Queues(BrokerTest):
    def test_declare(self):
        name = unique("queue")
        method = self.channel.queue_declare(name, exclusive=True).method
        self.assertEqual((method.queue, method.message_count, method.consumer_count), (name, 0, 0))

    def test_delete_if_unused_and_if_empty(self):
        queue = self.queue(b"x")
        with self.assertRaises(exceptions.ChannelClosedByBroker) as caught:
            self.channel.queue_delete(queue, if_empty=True)
        self.assertEqual(caught.exception.reply_code, 406)
        channel = self.connection.channel()
        self.assertEqual(channel.queue_delete(queue, if_unused=True).method.message_count, 1)

    def test_purge(self):
        queue = self.queue(b"1", b"2")
        self.assertEqual(self.channel.queue_purge(queue).method.message_count, 2)

    def test_exclusive_queue_is_locked_and_dies_with_its_connection(self):
        queue = self.queue()
        other = pika.BlockingConnection(parameters())
        with self.assertRaises(exceptions.ChannelClosedByBroker) as caught:
            other.channel().queue_declare(queue, passive=True)
        self.assertEqual(caught.exception.reply_code, 405)
        self.connection.close()
        with self.assertRaises(exceptions.ChannelClosedByBroker) as caught:
            other.channel().queue_declare(queue, passive=True)
        self.assertEqual(caught.exception.reply_code, 404)
        other.close()

    def test_auto_delete(self):
        name = unique("auto")
        self.channel.queue_declare(name, auto_delete=True)
        tag = self.channel.basic_consume(name, lambda *_: None)
        self.channel.basic_cancel(tag)
        with self.assertRaises(exceptions.ChannelClosedByBroker):
            self.channel.queue_declare(name, passive=True)


class Errors(BrokerTest):
    def refused(self, code, text, call):
        with self.assertRaises(exceptions.ChannelClosedByBroker) as caught:
            call(self.channel)
        self.assertEqual(caught.exception.reply_code, code)
        self.assertIn(text, caught.exception.reply_text)

    def test_missing_queue(self):
        name = unique("missing")
        text = f"NOT_FOUND - no queue '{name}' in vhost '/'"
        self.refused(404, text, lambda channel: channel.queue_declare(name, passive=True))

    def test_missing_exchange(self):
        name = unique("missing")
        text = f"NOT_FOUND - no exchange '{name}' in vhost '/'"
        self.refused(404, text, lambda channel: channel.exchange_declare(name, passive=True))

    def test_inequivalent_queue(self):
        name = unique("queue")
        self.channel.queue_declare(name, exclusive=True)
        self.refused(
            406,
            f"inequivalent arg 'auto_delete' for queue '{name}' in vhost '/'",
            lambda channel: channel.queue_declare(name, exclusive=True, auto_delete=True),
        )

    def test_inequivalent_exchange(self):
        self.refused(
            406,
            "inequivalent arg 'type' for exchange 'amq.topic' in vhost '/': "
            "received 'direct' but current is 'topic'",
            lambda channel: channel.exchange_declare("amq.topic", "direct", durable=True),
        )

    def test_reserved_names(self):
        self.refused(403, "reserved prefix", lambda channel: channel.queue_declare("amq.mine"))

    def test_default_exchange(self):
        queue = self.queue()
        self.refused(
            403,
            "operation not permitted on the default exchange",
            lambda channel: channel.queue_bind(queue, "", "key"),
        )


if __name__ == "__main__":
    unittest.main()
