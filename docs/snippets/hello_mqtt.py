# pip install paho-mqtt
import paho.mqtt.client as mqtt


def on_connect(client, userdata, flags, reason, properties):
    client.publish("greetings/hello", "Hello, Pabal", qos=1, retain=True)
    client.subscribe("greetings/#", qos=1)


def on_message(client, userdata, message):
    print(message.payload.decode())
    client.disconnect()


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
client.on_connect, client.on_message = on_connect, on_message
client.username_pw_set("guest", "guest")
host, port = "localhost:1883".split(":")
client.connect(host, int(port))
client.loop_forever()
