"""Stands for Mosquitto in its own tests: starts Pabal with what their configuration says.

TMPDIR is deleted after the test. MOSQUITTO names another broker with Mosquitto's own options, which proves the tests themselves. A key that is not
known here ends it, and with that the test.
"""

import json
import os
import shutil
import sys
import tempfile

PABAL = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../../src/main.ts"))
NODE = os.environ.get("SHIM_NODE", "node")
OFF = [
    "metrics", "amqp", "amqp-tls", "http", "kafka", "mqtt-tls", "mqtt-ws", "mqtt-ws-tls",
    "stomp", "stomp-tls", "stomp-ws", "stomp-ws-tls",
]
# Of the user in the tests' password files, which are hashes.
PASSWORD = "password"
# What they are without a configuration file; others of Mosquitto's defaults the tests do not see.
flags = {
    "--mqtt-topic-alias-maximum": "10", "--mqtt-receive-maximum": "20", "--mqtt-prefetch": "20", "--mqtt-sys-interval": "0",
}
folder = None
allows_anonymous = False


def number_of(*names):
    return lambda value: flags.update({name: value for name in names})


def anonymous(value):
    global allows_anonymous
    allows_anonymous = value == "true"


def users(file):
    names = [line.split(":")[0] for line in open(file) if ":" in line]
    definitions = {
        "users": [{"name": name, "password": PASSWORD, "tags": ""} for name in names],
        "permissions": [
            {"user": name, "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}
            for name in names
        ],
    }
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as written:
        json.dump(definitions, written)
    flags["--definitions"] = written.name


def persistence(file):
    """Tests delete Mosquitto's file before they begin anew."""
    global folder
    folder = os.path.abspath(file) + ".pabal"
    if not os.path.exists(file):
        shutil.rmtree(folder, ignore_errors=True)
        open(file, "w").close()


def nothing(value):
    pass


# What a line of a configuration file means here.
KEYS = {
    "port": number_of("--mqtt-port"),
    "listener": number_of("--mqtt-port"),
    "allow_anonymous": anonymous,
    "password_file": users,
    "persistence": nothing,
    "persistence_file": persistence,
    "max_inflight_messages": number_of("--mqtt-prefetch", "--mqtt-receive-maximum"),
    "max_keepalive": number_of("--mqtt-max-keep-alive"),
    "max_packet_size": number_of("--mqtt-max-packet-size"),
    "per_listener_settings": nothing,
    "log_type": nothing,
    # It is more than the tests send.
    "max_connections": nothing,
}


def read(file):
    for line in open(file):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] not in KEYS or (words[0] in ("port", "listener") and "--mqtt-port" in flags):
            sys.exit(f"not translated: {line.strip()}")
        KEYS[words[0]](words[1])


def finish():
    """Whoever names a listener and says nothing of anonymous clients lets none in."""
    if "--mqtt-port" in flags and not allows_anonymous:
        flags["--mqtt-anonymous-user"] = "none"
    flags.setdefault("--mqtt-port", "1888")


def main():
    if "MOSQUITTO" in os.environ:
        os.execvp(os.environ["MOSQUITTO"], [os.environ["MOSQUITTO"], *sys.argv[1:]])
    arguments = sys.argv[1:]
    if "-c" in arguments:
        read(arguments[arguments.index("-c") + 1])
        finish()
    else:
        flags["--mqtt-port"] = arguments[arguments.index("-p") + 1]
    store = ["--data", folder or tempfile.mkdtemp()]
    closed = [word for name in OFF for word in (f"--{name}-port", "off")]
    settings = [word for pair in flags.items() for word in pair]
    os.execvp(NODE, [NODE, PABAL, *store, *closed, *settings])


main()
