/*
 * One AMQP connection with one channel. librabbitmq does the handshake and the declarations; then
 * the program takes the socket over and reads and writes frames itself, because librabbitmq does one
 * send(2) a frame and several allocations a delivery, and would be measured instead of the broker.
 *
 * Life: open → declare, qos, confirm … (librabbitmq, blocking) → take_over → read/send/flush (raw,
 * never blocking) → close.
 */
#ifndef LOAD_CONNECTION_H
#define LOAD_CONNECTION_H

#include <amqp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"
#include "tls.h"

enum { CHANNEL = 1 };

struct frame {
  uint8_t type;
  uint32_t size;
  const uint8_t *payload; /* in place in the input buffer; gone after the handler returns */
};

struct connection {
  amqp_connection_state_t library;
  struct tls *tls; /* NULL for a plain connection */
  int fd;
  uint32_t frame_max;
  bool readable, writable; /* edge-triggered: true until the socket says "would block" */
  uint64_t read_at;        /* when the bytes being walked had arrived, ns */
  uint64_t blocked_count;  /* connection.blocked frames */
  uint8_t *in;
  size_t in_start, in_end, in_capacity;
  uint8_t *out;
  size_t out_start, out_end, out_capacity;
};

typedef void frame_handler(void *owner, const struct frame *frame);

void connection_open(struct connection *connection, const struct options *options);

/* The broker's name and version as it gave them in connection.start. 128 bytes each. */
void connection_server(const struct connection *connection, char *product, char *version);

/* Declares a durable queue and returns how many messages wait in it. */
uint32_t connection_declare_queue(struct connection *connection, const char *name, bool purge);
void connection_select_confirms(struct connection *connection);
void connection_set_prefetch(struct connection *connection, uint32_t prefetch);

void connection_take_over(struct connection *connection);

/* Reads once and hands over every whole frame. Clears `readable` when the socket is empty. */
void connection_read(struct connection *connection, frame_handler *handler, void *owner);

/* What every handler does with a method it does not expect: counts it, skips it or ends the program. */
void connection_unexpected(struct connection *connection, uint32_t method, const struct frame *frame);

/* Room for `size` more bytes of output; `connection_filled` says how many of them were filled. */
uint8_t *connection_reserve(struct connection *connection, size_t size);
void connection_filled(struct connection *connection, size_t size);

/* Writes as much of the output as the socket takes. */
void connection_flush(struct connection *connection);

/* Writes once, straight from `bytes`; returns how many the socket took. Clears `writable` when full. */
size_t connection_write(struct connection *connection, const uint8_t *bytes, size_t size);

/* Closes the channel and waits for close-ok: the broker has then seen everything that was sent. */
void connection_settle(struct connection *connection);
void connection_close(struct connection *connection);

#endif
