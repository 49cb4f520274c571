"""Publishing, consuming, acknowledging."""

import datetime
import decimal
import threading
import unittest

import pika
from broker import BrokerTest, parameters, unique
from pika import exceptions


class Publishing(BrokerTest):
    def test_properties_round_trip(self):
        sent = pika.BasicProperties(
            content_type="application/json",
            content_encoding="utf-8",
            headers={
                "text": "x",
                "bytes": b"\x00\xff",
                "int": 1,
                "long": 2**40,
                "negative": -1,
                "yes": True,
                "nothing": None,
                "list": [1, "two", [3]],
                "table": {"a": {"b": "c"}},
                "decimal": decimal.Decimal("3.14"),
                "time": datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc),
            },
            delivery_mode=2,
            priority=5,
            correlation_id="c",
            reply_to="r",
            expiration="100000",
            message_id="m",
            timestamp=1700000000,
            type="t",
            user_id="guest",
            app_id="a",
        )
        queue = self.queue()
        self.channel.basic_publish("", queue, b"body", sent)
        _, received, _ = self.channel.basic_get(queue, auto_ack=True)
        self.assertEqual(received, sent)

    def test_large_and_empty_bodies(self):
        large = bytes(range(256)) * 8192
        queue = self.queue(large, b"")
        self.assertEqual(self.bodies(queue), [large, b""])

    def test_confirms(self):
        self.channel.confirm_delivery()
        queue = self.queue()
        for n in range(50):
            properties = pika.BasicProperties(delivery_mode=2)
            self.channel.basic_publish("", queue, str(n).encode(), properties)
        self.assertEqual(len(self.bodies(queue)), 50)

    def test_unroutable_with_confirms(self):
        self.channel.confirm_delivery()
        with self.assertRaises(exceptions.UnroutableError) as caught:
            self.channel.basic_publish("", unique("nowhere"), b"lost", mandatory=True)
        returned = caught.exception.messages[0]
        self.assertEqual((returned.method.reply_code, returned.body), (312, b"lost"))
        self.channel.basic_publish("", unique("nowhere"), b"lost")

    def test_returns_without_confirms(self):
        returned = []
        self.channel.add_on_return_callback(lambda *args: returned.append(args))
        self.channel.basic_publish("", unique("nowhere"), b"lost", mandatory=True)
        self.wait_until(lambda: returned)
        self.assertEqual(returned[0][1].reply_text, "NO_ROUTE")

    def test_missing_exchange_closes_the_channel(self):
        self.channel.basic_publish(unique("missing"), "key", b"lost")
        with self.assertRaises(exceptions.ChannelClosedByBroker) as caught:
            self.channel.queue_declare("", exclusive=True)
        self.assertEqual(caught.exception.reply_code, 404)


class Consuming(BrokerTest):
    def consume(self, queue, **options):
        received = []
        tag = self.channel.basic_consume(
            queue,
            lambda _channel, method, _properties, body: received.append((method, body)),
            **options,
        )
        return received, tag

    def test_order(self):
        bodies = [str(n).encode() for n in range(200)]
        received, _ = self.consume(self.queue(*bodies), auto_ack=True)
        self.wait_until(lambda: len(received) == 200)
        self.assertEqual([body for _, body in received], bodies)

    def test_prefetch(self):
        self.channel.basic_qos(prefetch_count=2)
        received, _ = self.consume(self.queue(b"1", b"2", b"3"))
        self.wait_until(lambda: len(received) == 2)
        self.channel.basic_ack(received[0][0].delivery_tag)
        self.wait_until(lambda: len(received) == 3)

    def test_nack_and_reject(self):
        queue = self.queue(b"1", b"2", b"3")
        tags = [self.channel.basic_get(queue)[0].delivery_tag for _ in range(3)]
        self.channel.basic_nack(tags[0], requeue=False)
        self.channel.basic_reject(tags[1], requeue=True)
        self.channel.basic_ack(tags[2])
        method, _, body = self.channel.basic_get(queue)
        self.assertEqual((body, method.redelivered), (b"2", True))
        self.assertEqual(method.message_count, 0)

    def test_multiple(self):
        queue = self.queue(*[str(n).encode() for n in range(6)])
        tags = [self.channel.basic_get(queue)[0].delivery_tag for _ in range(6)]
        self.channel.basic_ack(tags[2], multiple=True)
        self.channel.basic_nack(0, multiple=True, requeue=True)
        self.assertEqual(self.bodies(queue), [b"3", b"4", b"5"])

    def test_recover(self):
        queue = self.queue(b"1", b"2")
        self.channel.basic_get(queue)
        self.channel.basic_recover(requeue=True)
        self.assertEqual(self.bodies(queue), [b"1", b"2"])

    def test_consume_generator(self):
        queue = self.queue(b"1", b"2", b"3")
        seen = []
        for method, _, body in self.channel.consume(queue, inactivity_timeout=5):
            seen.append(body)
            self.channel.basic_ack(method.delivery_tag)
            if len(seen) == 2:
                break
        self.channel.cancel()
        self.assertEqual(seen, [b"1", b"2"])
        self.assertEqual(self.bodies(queue), [b"3"])

    def test_server_cancels_on_delete(self):
        name = unique("deleted")
        self.channel.queue_declare(name)
        cancelled = []
        self.channel.add_on_cancel_callback(cancelled.append)
        self.consume(name)
        other = pika.BlockingConnection(parameters())
        other.channel().queue_delete(name)
        other.close()
        self.wait_until(lambda: cancelled)

    def test_exclusive_consumer(self):
        queue = self.queue()
        self.consume(queue, exclusive=True)
        other = self.connection.channel()
        with self.assertRaises(exceptions.ChannelClosedByBroker) as caught:
            other.basic_consume(queue, lambda *_: None)
        self.assertEqual(caught.exception.reply_code, 403)
        self.assertIn("exclusive", caught.exception.reply_text)

    def test_ack_of_unknown_tag(self):
        self.channel.basic_ack(99)
        with self.assertRaises(exceptions.ChannelClosedByBroker) as caught:
            self.channel.queue_declare("", exclusive=True)
        self.assertEqual(caught.exception.reply_code, 406)

    def test_start_and_stop_consuming(self):
        queue = self.queue(*[b"x"] * 10)
        seen = []

        def on_message(channel, method, _properties, body):
            seen.append(body)
            channel.basic_ack(method.delivery_tag)
            if len(seen) == 10:
                channel.stop_consuming()

        self.channel.basic_qos(prefetch_count=1)
        self.channel.basic_consume(queue, on_message)
        self.channel.start_consuming()
        self.assertEqual(len(seen), 10)

    def test_ack_from_a_worker_thread(self):
        queue = self.queue(*[b"x"] * 5)
        done = []

        def work(channel, tag):
            def ack():
                channel.basic_ack(tag)
                done.append(tag)

            self.connection.add_callback_threadsafe(ack)

        def on_message(channel, method, _properties, _body):
            threading.Thread(target=work, args=(channel, method.delivery_tag)).start()

        self.channel.basic_qos(prefetch_count=1)
        self.channel.basic_consume(queue, on_message)
        self.wait_until(lambda: len(done) == 5)


class Transactions(BrokerTest):
    def test_commit_and_rollback(self):
        queue = self.queue()
        self.channel.tx_select()
        self.channel.basic_publish("", queue, b"never")
        self.channel.tx_rollback()
        self.channel.basic_publish("", queue, b"committed")
        self.channel.tx_commit()
        method, _, body = self.channel.basic_get(queue)
        self.assertEqual(body, b"committed")
        self.channel.basic_ack(method.delivery_tag)
        self.channel.tx_rollback()
        self.channel.basic_ack(method.delivery_tag)
        self.channel.tx_commit()

    def test_commit_without_select(self):
        with self.assertRaises(exceptions.ChannelClosedByBroker) as caught:
            self.channel.tx_commit()
        self.assertEqual(caught.exception.reply_code, 406)


class RequestReply(BrokerTest):
    def test_rpc_through_a_reply_queue(self):
        requests, replies = self.queue(), self.queue()
        answers = []

        def serve(channel, method, properties, body):
            reply = pika.BasicProperties(correlation_id=properties.correlation_id)
            channel.basic_publish("", properties.reply_to, body.upper(), reply)
            channel.basic_ack(method.delivery_tag)

        def collect(_channel, _method, properties, body):
            answers.append((properties.correlation_id, body))

        self.channel.basic_consume(requests, serve)
        self.channel.basic_consume(replies, collect, auto_ack=True)
        properties = pika.BasicProperties(reply_to=replies, correlation_id="42")
        self.channel.basic_publish("", requests, b"hello", properties)
        self.wait_until(lambda: answers)
        self.assertEqual(answers, [("42", b"HELLO")])


if __name__ == "__main__":
    unittest.main()
