"""Writes and reads Avro records by the schema of a registry: avro_records.py BROKER REGISTRY TOPIC"""

import json
import sys

from confluent_kafka import DeserializingConsumer, SerializingProducer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer

BROKER, REGISTRY, TOPIC = sys.argv[1:]
registry = SchemaRegistryClient({"url": REGISTRY})
latest = {"auto.register.schemas": False, "use.latest.version": True}
schema = registry.get_latest_version(f"{TOPIC}-value").schema.schema_str
orders = [{"id": n, "item": f"item {n}"} for n in range(50)]

producer = SerializingProducer(
    {"bootstrap.servers": BROKER, "value.serializer": AvroSerializer(registry, schema, conf=latest)}
)
for order in orders:
    producer.produce(TOPIC, value=order)
producer.flush(20)

consumer = DeserializingConsumer(
    {
        "bootstrap.servers": BROKER,
        "group.id": TOPIC,
        "auto.offset.reset": "earliest",
        "value.deserializer": AvroDeserializer(registry),
    }
)
consumer.subscribe([TOPIC])
seen = []
for _ in range(200):
    message = consumer.poll(0.1)
    if message is not None:
        seen.append(message.value())
    if len(seen) == len(orders):
        break
consumer.close()
print(json.dumps({"records": len(seen), "same": seen == orders}))
