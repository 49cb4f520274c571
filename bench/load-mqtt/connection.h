/* One MQTT 3.1.1 connection of many in this process: bytes in and out without blocking, packets told to a handler. */
#ifndef LOAD_MQTT_CONNECTION_H
#define LOAD_MQTT_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../load-common/buffer.h"

enum packet { CONNECT = 1, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, SUBACK, PINGREQ = 12, DISCONNECT = 14 };

struct connection {
  int socket;
  bool is_open, waits_to_write;
  uint16_t next_id;
  uint32_t index;
  struct buffer in, out;
};

/* A packet that came: the bits of its first byte, and its body, which is gone after the call. */
typedef void packet_handler(struct connection *connection, uint8_t first, const uint8_t *body, size_t size);

/* The loop for all connections. Fails with a text when one is closed by the broker. */
void loop_open(packet_handler *handler);
/* Waits at most so long, handles what comes, and writes what was put. */
void loop_run(int timeout_ms);

/* Connects from 127.0.0.x, as one address has only so many ports, and puts a CONNECT; CONNACK comes to the handler. */
void connection_open(struct connection *connection, uint32_t index, const char *host, int port);
void connection_close(struct connection *connection);

void put_publish(struct connection *connection, const char *topic, size_t topic_size, int qos, bool retain,
                 const uint8_t *payload, size_t size);
/* PUBACK, PUBREC, PUBREL or PUBCOMP. */
void put_answer(struct connection *connection, enum packet type, uint16_t id);
/* `count` filters that `print` makes of numbers from `first` on. */
void put_subscribe(struct connection *connection, uint32_t first, uint32_t count, int qos,
                   size_t (*print)(char *text, size_t size, uint32_t number));
/* Bytes that wait to be written. */
static inline size_t unwritten(const struct connection *connection) { return buffer_size(&connection->out); }
/* Writes what was put, as far as the socket takes it. */
void flush(struct connection *connection);

#endif
