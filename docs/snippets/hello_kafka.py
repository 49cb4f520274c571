# pip install confluent-kafka
from confluent_kafka import Consumer, Producer

broker = {"bootstrap.servers": "localhost:9092"}
producer = Producer(broker)
producer.produce("greetings", "Hello, Pabal")
producer.flush()

group = {"group.id": "greeters-python", "auto.offset.reset": "earliest"}
consumer = Consumer(broker | group)
consumer.subscribe(["greetings"])
while not (message := consumer.poll(1)) or message.error():
    pass
print(message.value().decode())
consumer.close()
