"""Connecting and the life of connections and channels."""

import unittest

import pika
from broker import BrokerTest, parameters, unique
from pika import exceptions


class Connecting(unittest.TestCase):
    def test_wrong_password(self):
        credentials = pika.PlainCredentials("guest", "wrong")
        with self.assertRaises(exceptions.ProbableAuthenticationError) as caught:
            pika.BlockingConnection(parameters(credentials=credentials))
        self.assertIn("403", str(caught.exception))

    def test_missing_vhost(self):
        with self.assertRaises(exceptions.ProbableAccessDeniedError) as caught:
            pika.BlockingConnection(parameters(virtual_host="nowhere"))
        self.assertIn("(530) 'NOT_ALLOWED - vhost nowhere not found'", str(caught.exception))

    def test_small_frames(self):
        connection = pika.BlockingConnection(parameters(frame_max=4096))
        channel = connection.channel()
        queue = channel.queue_declare("", exclusive=True).method.queue
        channel.basic_publish("", queue, b"x" * 100_000)
        _, _, body = channel.basic_get(queue, auto_ack=True)
        self.assertEqual(body, b"x" * 100_000)
        connection.close()

    def test_connection_name_and_options(self):
        properties = {"connection_name": "pika test", "own": {"a": [1, 2]}}
        connection = pika.BlockingConnection(
            parameters(client_properties=properties, heartbeat=5, channel_max=3)
        )
        for _ in range(3):
            connection.channel()
        with self.assertRaises(exceptions.ConnectionClosed):
            connection.channel(channel_number=4)
            connection.channel(channel_number=5)

    def test_heartbeat_keeps_the_connection(self):
        connection = pika.BlockingConnection(parameters(heartbeat=1))
        connection.sleep(3.5)
        self.assertTrue(connection.is_open)
        connection.channel().queue_declare("", exclusive=True)
        connection.close()


class Properties(BrokerTest):
    def test_capabilities(self):
        self.assertTrue(self.connection.basic_nack_supported)
        self.assertTrue(self.connection.consumer_cancel_notify_supported)
        self.assertTrue(self.connection.exchange_exchange_bindings_supported)
        self.assertTrue(self.connection.publisher_confirms_supported)

    def test_update_secret(self):
        self.connection.update_secret("guest", "refreshed")
        self.connection.channel()


class Channels(BrokerTest):
    def test_flow(self):
        self.assertTrue(self.channel.flow(True))

    def test_number_is_reused(self):
        for _ in range(5):
            channel = self.connection.channel(channel_number=7)
            channel.close()

    def test_closed_channel_leaves_others_open(self):
        other = self.connection.channel()
        with self.assertRaises(exceptions.ChannelClosedByBroker):
            other.queue_declare(unique("missing"), passive=True)
        self.assertTrue(self.channel.is_open)
        self.queue(b"still works")

    def test_many_channels(self):
        channels = [self.connection.channel() for _ in range(200)]
        for channel in channels:
            channel.close()


class SelectAdapter(unittest.TestCase):
    """The callback style that most Python services use."""

    def test_publish_consume_ack(self):
        received = []
        queue = unique("select")

        def on_message(channel, method, _properties, body):
            received.append(body)
            channel.basic_ack(method.delivery_tag)
            if len(received) == 100:
                connection.close()

        def on_channel(channel):
            def on_queue(_frame):
                channel.basic_consume(queue, on_message)
                for n in range(100):
                    channel.basic_publish("", queue, str(n).encode())

            channel.queue_declare(queue, exclusive=True, callback=on_queue)

        connection = pika.SelectConnection(
            parameters(),
            on_open_callback=lambda opened: opened.channel(on_open_callback=on_channel),
            on_close_callback=lambda closed, _reason: closed.ioloop.stop(),
        )
        connection.ioloop.start()
        self.assertEqual(received, [str(n).encode() for n in range(100)])
