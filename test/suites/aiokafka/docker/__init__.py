"""Stands for the module `docker` in aiokafka's tests: what they take for a container is the
broker that BROKERS names.

A port that they think is the container's is forwarded there. Nothing runs in the container.
"""

import os
import socket
import threading

HOST, PORT = os.environ["BROKERS"].split(":")


def _pump(source, target):
    """Copies until either side has ended, which ends the other one as well."""
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    try:
        target.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def _serve(client):
    with client, socket.create_connection((HOST, int(PORT))) as broker:
        back = threading.Thread(target=_pump, args=(broker, client), daemon=True)
        back.start()
        _pump(client, broker)
        back.join()


def _forward(listener):
    while True:
        client, _ = listener.accept()
        threading.Thread(target=_serve, args=(client,), daemon=True).start()


class _Container:
    def exec_run(self, command, **_):
        return 1, f"nothing runs in Pabal: {command}".encode()

    def stop(self):
        pass


class _Containers:
    def run(self, environment=None, **_):
        if environment:
            listener = socket.create_server(("127.0.0.1", environment["ADVERTISED_PORT"]))
            threading.Thread(target=_forward, args=(listener,), daemon=True).start()
        return _Container()


class _Client:
    containers = _Containers()

    def close(self):
        pass


def from_env():
    return _Client()


class models:
    class containers:
        Container = _Container
