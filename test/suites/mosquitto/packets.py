"""How packets are compared in Mosquitto's tests when Pabal is the broker; mosq_test.py runs this at its end.

Where a test expects the end of a connection, a broker of MQTT 5 may say why before it: a DISCONNECT, or a CONNACK
that refuses. A CONNACK of MQTT 5 may name other limits of the broker, and an answer may have a reason string: neither is
what a test is about unless it expects one. A PUBACK or PUBREC of MQTT 5 may say that nobody gets the message (0x10),
which Mosquitto does for QoS 1 only, and any of the four answers may have the reason code 0 or leave it out. All else must
be the same bytes.
"""

# Receive maximum and topic alias maximum as Mosquitto has them, and packet size and the like that it does not send.
_LIMITS = {0x21: b"\x00\x14", 0x22: b"\x00\x0a", 0x27: None, 0x11: None, 0x13: None}
_REASON_STRING = 0x1F
_PUBACK, _PUBREC, _PUBREL, _PUBCOMP = 0x40, 0x50, 0x62, 0x70
_NOBODY = 0x10
_NUMBERS = {0x01: 1, 0x02: 4, 0x11: 4, 0x13: 2, 0x17: 1, 0x18: 4, 0x19: 1, 0x21: 2, 0x22: 2, 0x23: 2, 0x24: 1,
            0x25: 1, 0x27: 4, 0x28: 1, 0x29: 1, 0x2A: 1}


def _properties(data):
    """(id, bytes) of properties."""
    found = []
    while data:
        kind, data = data[0], data[1:]
        if kind in _NUMBERS:
            size = _NUMBERS[kind]
        elif kind == 0x0B:
            size = next(n for n, byte in enumerate(data) if byte < 128) + 1
        else:
            size = 2 + struct.unpack("!H", data[:2])[0]
            if kind == 0x26:
                size += 2 + struct.unpack("!H", data[size:size + 2])[0]
        found.append((kind, data[:size]))
        data = data[size:]
    return found


def _body(packet):
    size = 1
    while packet[size] > 127:
        size += 1
    return packet[size + 1:]


def _comparable(packet, expected_kinds):
    """First byte, fixed part and properties that count."""
    kind, body = packet[0], _body(packet)
    fixed = {0x20: 2, 0xE0: 1}.get(kind, 3)
    if len(body) <= fixed:
        return kind, body.ljust(fixed, b"\x00"), []
    counted = [
        (each, value) for each, value in _properties(body[fixed + 1:fixed + 1 + body[fixed]])
        if each in expected_kinds or (each not in _LIMITS and each != _REASON_STRING)
    ]
    # Those that Mosquitto always names say something only where they differ from its defaults.
    counted = [(each, value) for each, value in counted if _LIMITS.get(each) != value]
    return kind, body[:fixed], sorted(counted)


def _is_short(packet):
    """A PUBACK, PUBREC, PUBREL or PUBCOMP of MQTT 3, or one of MQTT 5 that leaves its reason code 0 out."""
    return len(packet) == 4 and packet[0] in (_PUBACK, _PUBREC, _PUBREL, _PUBCOMP)


def _is_answer(packet):
    """A CONNACK, PUBACK, PUBREC, PUBCOMP or DISCONNECT of MQTT 5."""
    return len(packet) > 2 and packet[0] in (0x20, 0x40, 0x50, 0x70, 0xE0) and len(packet) == 2 + packet[1] and (
        packet[0] == 0xE0 or len(packet) > 4)


def _read(sock, size):
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            break
        data += more
    return data


def _read_packet(sock):
    head = _read(sock, 2)
    if len(head) < 2:
        return head
    while head[-1] > 127:
        head += _read(sock, 1)
    size = sum((byte & 127) << (7 * n) for n, byte in enumerate(head[1:]))
    return head + _read(sock, size)


def _same(received, expected):
    if received == expected:
        return True
    if _is_short(expected) and len(received) == 5 and received[0] == expected[0]:
        codes = (0, _NOBODY) if received[0] in (_PUBACK, _PUBREC) else (0,)
        return received[2:4] == expected[2:4] and received[4] in codes
    if not _is_answer(expected) or len(received) < 4 or received[0] != expected[0]:
        return False
    kinds = [kind for kind, value in _comparable(expected, range(256))[2]]
    return _comparable(received, kinds) == _comparable(expected, kinds)


def _is_farewell(packet):
    """A DISCONNECT, or a CONNACK of MQTT 5 that refuses."""
    return packet[:1] == b"\xe0" or (packet[:1] == b"\x20" and len(packet) > 4 and packet[3] >= 0x80)


def expect_packet(sock, name, expected):
    if len(expected) == 0:
        received = _read_packet(sock)
        if _is_farewell(received):
            received = _read_packet(sock)
        if received == b"":
            return True
        packet_matches(name, received, expected)
        raise TestError
    if not _is_answer(expected) and not _is_short(expected):
        # As the original, but until all of it is there.
        received = _read(sock, max(1, len(expected)))
    else:
        received = _read_packet(sock)
    if _same(received, expected):
        return True
    packet_matches(name, received, expected)
    raise TestError
