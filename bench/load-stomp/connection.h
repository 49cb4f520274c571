/* One STOMP 1.2 connection: bytes in and out without blocking, frames told to a handler. */
#ifndef LOAD_STOMP_CONNECTION_H
#define LOAD_STOMP_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "../load-common/buffer.h"

struct connection {
  int socket;
  struct buffer in, out;
};

/* A frame that came, gone after the call. Texts end with a 0. */
struct frame {
  const char *command;
  const char *headers; /* lines, each with its LF */
  const char *body;
  size_t size;
};

typedef void frame_handler(struct connection *connection, const struct frame *frame);

/* Connects and logs in as guest; fails with a text when that is refused. */
void connection_open(struct connection *connection, const char *host, int port);

/* Puts a frame with these headers (lines, each with its LF) and this body. */
void put_frame(struct connection *connection, const char *command, const char *headers, const void *body, size_t size);
/* Bytes that wait to be written. */
static inline size_t unwritten(const struct connection *connection) { return buffer_size(&connection->out); }

/* Waits at most so long, writes what was put, and hands out frames. Fails when a connection is closed by the broker. */
void run_connections(struct connection *connections, int count, int timeout_ms, frame_handler *handler);

/* Value of a header, up to its LF; NULL when there is none. */
const char *find_header(const struct frame *frame, const char *name);

#endif
