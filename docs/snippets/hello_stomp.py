# pip install stomp.py
import threading

import stomp


class Listener(stomp.ConnectionListener):
    def on_message(self, frame):
        print(frame.body)
        connection.ack(frame.headers["ack"])
        arrived.set()


host, port = "localhost:61613".split(":")
arrived = threading.Event()
connection = stomp.Connection12([(host, int(port))], vhost="/")
connection.set_listener("", Listener())
connection.connect("guest", "guest", wait=True)
connection.subscribe("/queue/letters", id="1", ack="client-individual")
connection.send("/queue/letters", "Hello, Pabal", persistent="true")
arrived.wait(10)
connection.disconnect()
