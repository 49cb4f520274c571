# pip install pika
import pika

connection = pika.BlockingConnection(pika.URLParameters("amqp://guest:guest@localhost:5672"))
channel = connection.channel()
channel.queue_declare(queue="hello", durable=True)

channel.confirm_delivery()
channel.basic_publish("", "hello", b"Hello, Pabal", pika.BasicProperties(delivery_mode=2))

method, properties, body = channel.basic_get("hello")
print(body.decode())
channel.basic_ack(method.delivery_tag)
connection.close()
