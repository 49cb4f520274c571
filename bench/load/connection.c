#include "connection.h"

#include <amqp_tcp_socket.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../load-common/program.h"
#include "wire.h"

enum { READ_SIZE = 256 * 1024, FRAME_MAX = 128 * 1024, SETTLE_TIMEOUT_MS = 600000 };

static void check_reply(amqp_rpc_reply_t reply, const char *what) {
  if (reply.reply_type == AMQP_RESPONSE_NORMAL) return;
  if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION)
    fail("%s: %s", what, amqp_error_string2(reply.library_error));
  if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION && reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
    amqp_channel_close_t *close = reply.reply.decoded;
    fail("%s: %d %.*s", what, close->reply_code, (int)close->reply_text.len, (char *)close->reply_text.bytes);
  }
  if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION && reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD) {
    amqp_connection_close_t *close = reply.reply.decoded;
    fail("%s: %d %.*s", what, close->reply_code, (int)close->reply_text.len, (char *)close->reply_text.bytes);
  }
  fail("%s: unexpected reply", what);
}

static void open_socket(struct connection *connection, const struct options *options) {
  amqp_socket_t *socket = amqp_tcp_socket_new(connection->library);
  if (socket == NULL) fail("out of memory");
  if (options->tls_ca != NULL) {
    connection->tls = tls_open(options->host, options->port, options->tls_ca);
    amqp_tcp_socket_set_sockfd(socket, tls_library_fd(connection->tls));
    return;
  }
  int status = amqp_socket_open(socket, options->host, options->port);
  if (status != AMQP_STATUS_OK)
    fail("connect to %s:%d: %s", options->host, options->port, amqp_error_string2(status));
}

void connection_open(struct connection *connection, const struct options *options) {
  *connection = (struct connection){.library = amqp_new_connection(), .fd = -1};
  open_socket(connection, options);
  check_reply(amqp_login(connection->library, options->vhost, 0, FRAME_MAX, 0, AMQP_SASL_METHOD_PLAIN,
                         options->user, options->password),
              "log in");
  amqp_channel_open(connection->library, CHANNEL);
  check_reply(amqp_get_rpc_reply(connection->library), "open a channel");
  connection->frame_max = (uint32_t)amqp_get_frame_max(connection->library);
  if (connection->frame_max == 0 || connection->frame_max > FRAME_MAX) connection->frame_max = FRAME_MAX;
  connection->fd = amqp_get_sockfd(connection->library);
}

static void server_property(const amqp_table_t *properties, const char *name, char *text) {
  *text = '\0';
  for (int i = 0; i < properties->num_entries; i++) {
    const amqp_table_entry_t *entry = &properties->entries[i];
    bool wanted = entry->key.len == strlen(name) && memcmp(entry->key.bytes, name, entry->key.len) == 0;
    if (wanted && entry->value.kind == AMQP_FIELD_KIND_UTF8)
      snprintf(text, 128, "%.*s", (int)entry->value.value.bytes.len, (char *)entry->value.value.bytes.bytes);
  }
}

void connection_server(const struct connection *connection, char *product, char *version) {
  const amqp_table_t *properties = amqp_get_server_properties(connection->library);
  server_property(properties, "product", product);
  server_property(properties, "version", version);
}

uint32_t connection_declare_queue(struct connection *connection, const char *name, bool purge) {
  amqp_queue_declare_ok_t *declared = amqp_queue_declare(
      connection->library, CHANNEL, amqp_cstring_bytes(name), 0, 1, 0, 0, amqp_empty_table);
  check_reply(amqp_get_rpc_reply(connection->library), "declare a queue");
  uint32_t waiting = declared->message_count;
  if (purge) {
    amqp_queue_purge(connection->library, CHANNEL, amqp_cstring_bytes(name));
    check_reply(amqp_get_rpc_reply(connection->library), "purge a queue");
  }
  amqp_maybe_release_buffers(connection->library);
  return waiting;
}

void connection_select_confirms(struct connection *connection) {
  amqp_confirm_select(connection->library, CHANNEL);
  check_reply(amqp_get_rpc_reply(connection->library), "select confirms");
}

void connection_set_prefetch(struct connection *connection, uint32_t prefetch) {
  amqp_basic_qos(connection->library, CHANNEL, 0, (uint16_t)prefetch, 0);
  check_reply(amqp_get_rpc_reply(connection->library), "set the prefetch");
}

void connection_take_over(struct connection *connection) {
  if (amqp_frames_enqueued(connection->library) || amqp_data_in_buffer(connection->library))
    fail("the broker sent frames nobody asked for");
  if (connection->tls != NULL) connection->fd = tls_take_over(connection->tls);
  int flags = fcntl(connection->fd, F_GETFL);
  if (fcntl(connection->fd, F_SETFL, flags | O_NONBLOCK) != 0) fail("fcntl: %s", strerror(errno));
  connection->in_capacity = READ_SIZE + connection->frame_max + FRAME_OVERHEAD;
  connection->in = allocate(connection->in_capacity);
  connection->out_capacity = READ_SIZE;
  connection->out = allocate(connection->out_capacity);
  connection->readable = true;
  connection->writable = true;
}

static void walk_frames(struct connection *connection, frame_handler *handler, void *owner) {
  for (;;) {
    const uint8_t *at = connection->in + connection->in_start;
    size_t available = connection->in_end - connection->in_start;
    if (available < FRAME_OVERHEAD) return;
    struct frame frame = {.type = at[0], .size = get_u32(at + 3), .payload = at + 7};
    if (frame.size > connection->frame_max) fail("a frame of %u bytes came, above frame_max", frame.size);
    if (available < frame.size + FRAME_OVERHEAD) return;
    if (frame.payload[frame.size] != FRAME_END) fail("a frame without its end mark came");
    connection->in_start += frame.size + FRAME_OVERHEAD;
    handler(owner, &frame);
  }
}

/* Moves the incomplete frame at the end to the front, only when the next read would not fit. */
static void make_room(struct connection *connection) {
  size_t left = connection->in_end - connection->in_start;
  if (left > 0 && connection->in_capacity - connection->in_end >= READ_SIZE) return;
  memmove(connection->in, connection->in + connection->in_start, left);
  connection->in_start = 0;
  connection->in_end = left;
}

static ssize_t read_some(struct connection *connection, uint8_t *bytes, size_t size) {
  if (connection->tls != NULL) return tls_read(connection->tls, bytes, size);
  return read(connection->fd, bytes, size);
}

void connection_read(struct connection *connection, frame_handler *handler, void *owner) {
  make_room(connection);
  size_t room = connection->in_capacity - connection->in_end;
  ssize_t count = read_some(connection, connection->in + connection->in_end, room);
  if (count == 0) fail("the broker closed the connection");
  if (count < 0 && errno != EAGAIN && errno != EINTR) fail("read: %s", strerror(errno));
  /* A short read means the socket is empty (epoll(7)); a new edge will follow. */
  if (count < (ssize_t)room && !(count < 0 && errno == EINTR)) connection->readable = false;
  if (count < 0) return;
  connection->in_end += (size_t)count;
  connection->read_at = now_ns();
  walk_frames(connection, handler, owner);
}

void connection_unexpected(struct connection *connection, uint32_t method, const struct frame *frame) {
  const uint8_t *arguments = frame->payload + 4;
  switch (method) {
    case CONNECTION_BLOCKED: connection->blocked_count++; return;
    case CONNECTION_UNBLOCKED: return;
    case CONNECTION_CLOSE:
    case CHANNEL_CLOSE:
      fail("the broker closed: %u %.*s", get_u16(arguments), arguments[2], (const char *)arguments + 3);
    case BASIC_CANCEL: fail("the broker cancelled the consumer");
    case BASIC_RETURN: fail("the broker returned a message");
    default: fail("unexpected method %u.%u", method >> 16, method & 0xFFFF);
  }
}

uint8_t *connection_reserve(struct connection *connection, size_t size) {
  if (connection->out_start == connection->out_end) connection->out_start = connection->out_end = 0;
  if (connection->out_end + size > connection->out_capacity) {
    connection->out_capacity = (connection->out_end + size) * 2;
    connection->out = realloc(connection->out, connection->out_capacity);
    if (connection->out == NULL) fail("out of memory");
  }
  return connection->out + connection->out_end;
}

void connection_filled(struct connection *connection, size_t size) { connection->out_end += size; }

size_t connection_write(struct connection *connection, const uint8_t *bytes, size_t size) {
  ssize_t count = connection->tls != NULL ? tls_write(connection->tls, bytes, size) : write(connection->fd, bytes, size);
  if (count < 0 && errno != EAGAIN && errno != EINTR) fail("write: %s", strerror(errno));
  if (count < 0) count = 0;
  if ((size_t)count < size) connection->writable = false;
  return (size_t)count;
}

void connection_flush(struct connection *connection) {
  while (connection->writable && connection->out_start < connection->out_end) {
    size_t size = connection->out_end - connection->out_start;
    connection->out_start += connection_write(connection, connection->out + connection->out_start, size);
  }
}

struct closing {
  struct connection *connection;
  uint32_t awaited;
  bool is_done;
};

static void on_closing_frame(void *owner, const struct frame *frame) {
  struct closing *closing = owner;
  if (frame->type != FRAME_METHOD) return;
  uint32_t method = get_u32(frame->payload);
  if (method == closing->awaited) closing->is_done = true;
  if (method == CONNECTION_CLOSE || method == CHANNEL_CLOSE)
    connection_unexpected(closing->connection, method, frame);
}

/* Sends a close method and skips all frames until its close-ok. */
static void close_and_wait(struct connection *connection, uint32_t method, uint16_t channel) {
  enum { CLOSE_SIZE = 4 + 2 + 1 + 2 + 2 };
  uint8_t *start = connection_reserve(connection, CLOSE_SIZE + FRAME_OVERHEAD);
  uint8_t *at = put_u32(put_frame_start(start, FRAME_METHOD, channel, CLOSE_SIZE), method);
  at = put_u16(put_u16(put_u8(put_u16(at, 200), 0), 0), 0);
  connection_filled(connection, (size_t)(put_u8(at, FRAME_END) - start));

  struct closing closing = {.connection = connection, .awaited = method + 1};
  uint64_t deadline = now_ns() + SETTLE_TIMEOUT_MS * 1000000ull;
  while (!closing.is_done) {
    connection->writable = true;
    connection_flush(connection);
    connection_read(connection, on_closing_frame, &closing);
    if (closing.is_done) break;
    if (now_ns() > deadline) fail("no close-ok within %d s", SETTLE_TIMEOUT_MS / 1000);
    bool has_output = connection->out_start < connection->out_end;
    struct pollfd wait = {.fd = connection->fd, .events = (short)(POLLIN | (has_output ? POLLOUT : 0))};
    poll(&wait, 1, 1000);
  }
}

void connection_settle(struct connection *connection) {
  close_and_wait(connection, CHANNEL_CLOSE, CHANNEL);
}

void connection_close(struct connection *connection) {
  close_and_wait(connection, CONNECTION_CLOSE, 0);
  amqp_destroy_connection(connection->library);
  if (connection->tls != NULL) tls_close(connection->tls);
  free(connection->in);
  free(connection->out);
}
