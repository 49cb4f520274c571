#include "connection.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "../load-common/socket.h"
#include "options.h"

enum { READ_SIZE = 65536, EVENTS = 256, PER_ADDRESS = 20000 };

static int poll_fd;
static packet_handler *handle;

void loop_open(packet_handler *handler) {
  handle = handler;
  poll_fd = epoll_create1(0);
  if (poll_fd < 0) fail("epoll: %s", strerror(errno));
}

static void put_u16(struct buffer *buffer, uint32_t value) {
  uint8_t bytes[] = {(uint8_t)(value >> 8), (uint8_t)value};
  buffer_put(buffer, bytes, 2);
}

static void put_text(struct buffer *buffer, const char *text, size_t size) {
  put_u16(buffer, (uint32_t)size);
  buffer_put(buffer, text, size);
}

/* First byte and remaining length; room for all of the packet. */
static void put_head(struct buffer *buffer, uint8_t first, size_t remaining) {
  buffer_reserve(buffer, remaining + 5);
  buffer->bytes[buffer->end++] = first;
  do {
    uint8_t low = remaining & 127;
    remaining >>= 7;
    buffer->bytes[buffer->end++] = (uint8_t)(low | (remaining > 0 ? 128 : 0));
  } while (remaining > 0);
}

static void watch(struct connection *connection, int operation, bool writes) {
  struct epoll_event event = {.events = EPOLLIN | (writes ? EPOLLOUT : 0), .data.ptr = connection};
  if (epoll_ctl(poll_fd, operation, connection->socket, &event) < 0) fail("epoll_ctl: %s", strerror(errno));
  connection->waits_to_write = writes;
}

static void put_connect(struct connection *connection) {
  char id[32];
  size_t size = (size_t)snprintf(id, sizeof id, "load-%d-%u", getpid(), connection->index);
  struct buffer *out = &connection->out;
  put_head(out, CONNECT << 4, 10 + 2 + size + 7 + 7);
  put_text(out, "MQTT", 4);
  /* Level, flags: name, password, clean session; keep alive 0. */
  buffer_put(out, "\x04\xc2\x00\x00", 4);
  put_text(out, id, size);
  put_text(out, "guest", 5);
  put_text(out, "guest", 5);
}

void connection_open(struct connection *connection, uint32_t index, const char *host, int port) {
  struct in_addr from = {.s_addr = htonl(INADDR_LOOPBACK + index / PER_ADDRESS)};
  *connection = (struct connection){
      .socket = socket_connect(host, port, &from), .index = index, .is_open = true, .next_id = 1};
  put_connect(connection);
  watch(connection, EPOLL_CTL_ADD, true);
}

void connection_close(struct connection *connection) {
  if (!connection->is_open) return;
  connection->is_open = false;
  close(connection->socket);
  buffer_free(&connection->in);
  buffer_free(&connection->out);
}

void put_publish(struct connection *connection, const char *topic, size_t topic_size, int qos, bool retain,
                 const uint8_t *payload, size_t size) {
  struct buffer *out = &connection->out;
  put_head(out, (uint8_t)(PUBLISH << 4 | qos << 1 | retain), 2 + topic_size + (qos > 0 ? 2 : 0) + size);
  put_text(out, topic, topic_size);
  if (qos > 0) {
    put_u16(out, connection->next_id);
    if (++connection->next_id == 0) connection->next_id = 1;
  }
  buffer_put(out, payload, size);
}

void put_answer(struct connection *connection, enum packet type, uint16_t id) {
  put_head(&connection->out, (uint8_t)(type << 4 | (type == PUBREL ? 2 : 0)), 2);
  put_u16(&connection->out, id);
}

void put_subscribe(struct connection *connection, uint32_t first, uint32_t count, int qos,
                   size_t (*print)(char *text, size_t size, uint32_t number)) {
  char text[64];
  size_t remaining = 2;
  for (uint32_t n = 0; n < count; n++) remaining += 3 + print(text, sizeof text, first + n);
  struct buffer *out = &connection->out;
  put_head(out, SUBSCRIBE << 4 | 2, remaining);
  put_u16(out, connection->next_id++);
  for (uint32_t n = 0; n < count; n++) {
    put_text(out, text, print(text, sizeof text, first + n));
    out->bytes[out->end++] = (uint8_t)qos;
  }
}

void flush(struct connection *connection) {
  buffer_write(&connection->out, connection->socket);
  bool is_left = unwritten(connection) > 0;
  if (is_left != connection->waits_to_write) watch(connection, EPOLL_CTL_MOD, is_left);
}

/* Hands out whole packets; what is left of one waits for more. */
static void take_packets(struct connection *connection) {
  struct buffer *in = &connection->in;
  while (connection->is_open && buffer_size(in) >= 2) {
    size_t at = in->begin + 1, remaining = 0;
    int shift = 0;
    uint8_t byte;
    do {
      if (at == in->end) return;
      byte = in->bytes[at++];
      remaining |= (size_t)(byte & 127) << shift;
      shift += 7;
    } while (byte > 127);
    if (in->end - at < remaining) return;
    uint8_t first = in->bytes[in->begin];
    in->begin = at + remaining;
    handle(connection, first, in->bytes + at, remaining);
  }
}

static void read_some(struct connection *connection) {
  struct buffer *in = &connection->in;
  if (!buffer_read(in, connection->socket, READ_SIZE)) return;
  take_packets(connection);
  /* Thousands of idle connections need no buffers. */
  if (connection->is_open && buffer_size(in) == 0 && in->capacity > READ_SIZE / 2) buffer_free(in);
}

void loop_run(int timeout_ms) {
  struct epoll_event events[EVENTS];
  int count = epoll_wait(poll_fd, events, EVENTS, timeout_ms);
  if (count < 0 && errno != EINTR) fail("epoll_wait: %s", strerror(errno));
  for (int n = 0; n < count; n++) {
    struct connection *connection = events[n].data.ptr;
    if (events[n].events & (EPOLLERR | EPOLLHUP) && !(events[n].events & EPOLLIN))
      fail("connection %u was not made", connection->index);
    if (connection->is_open && events[n].events & EPOLLIN) read_some(connection);
    if (connection->is_open) flush(connection);
  }
}
