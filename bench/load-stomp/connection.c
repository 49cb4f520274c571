/* memmem */
#define _GNU_SOURCE

#include "connection.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../load-common/program.h"
#include "../load-common/socket.h"

enum { READ_SIZE = 262144, CONNECTIONS_MAX = 2, LOGIN_MS = 10000 };

void put_frame(struct connection *connection, const char *command, const char *headers, const void *body, size_t size) {
  struct buffer *out = &connection->out;
  size_t command_size = strlen(command), headers_size = strlen(headers);
  buffer_reserve(out, command_size + headers_size + size + 64);
  buffer_put(out, command, command_size);
  buffer_put(out, "\n", 1);
  buffer_put(out, headers, headers_size);
  if (size > 0) out->end += (size_t)sprintf((char *)out->bytes + out->end, "content-length:%zu\n", size);
  buffer_put(out, "\n", 1);
  if (size > 0) buffer_put(out, body, size);
  buffer_put(out, "\0", 1);
}

const char *find_header(const struct frame *frame, const char *name) {
  size_t size = strlen(name);
  for (const char *line = frame->headers; *line != '\0'; line = strchr(line, '\n') + 1)
    if (strncmp(line, name, size) == 0 && line[size] == ':') return line + size + 1;
  return NULL;
}

/* Hands out the first frame when all of it is there. Frames of brokers have LF and, with a body, content-length. */
static bool take_frame(struct connection *connection, frame_handler *handler) {
  struct buffer *in = &connection->in;
  /* Heart-beats, and what ends a frame. */
  while (in->begin < in->end && in->bytes[in->begin] == '\n') in->begin++;
  char *begin = (char *)in->bytes + in->begin;
  size_t left = buffer_size(in);
  char *blank = left == 0 ? NULL : memmem(begin, left, "\n\n", 2);
  if (blank == NULL) return false;
  char *command_end = memchr(begin, '\n', left);
  char *body = blank + 2;
  blank[1] = '\0';
  *command_end = '\0';
  struct frame frame = {.command = begin, .headers = command_end == blank ? blank + 1 : command_end + 1, .body = body};
  const char *length = find_header(&frame, "content-length");
  size_t rest = (size_t)(begin + left - body);
  char *end = NULL;
  if (length == NULL) end = memchr(body, '\0', rest);
  else if (strtoul(length, NULL, 10) < rest) end = body + strtoul(length, NULL, 10);
  if (end == NULL) {
    blank[1] = *command_end = '\n';
    return false;
  }
  frame.size = (size_t)(end - body);
  if (*end != '\0') fail("a frame has no end");
  in->begin += (size_t)(end + 1 - begin);
  if (strcmp(frame.command, "ERROR") == 0) fail("ERROR: %s%.*s", frame.headers, (int)frame.size, frame.body);
  handler(connection, &frame);
  return true;
}

void run_connections(struct connection *connections, int count, int timeout_ms, frame_handler *handler) {
  struct pollfd polled[CONNECTIONS_MAX];
  for (int n = 0; n < count; n++) {
    buffer_write(&connections[n].out, connections[n].socket);
    polled[n] = (struct pollfd){.fd = connections[n].socket, .events = POLLIN | (unwritten(&connections[n]) > 0 ? POLLOUT : 0)};
  }
  if (poll(polled, (nfds_t)count, timeout_ms) < 0 && errno != EINTR) fail("poll: %s", strerror(errno));
  for (int n = 0; n < count; n++)
    if (polled[n].revents & (POLLIN | POLLHUP | POLLERR) && buffer_read(&connections[n].in, connections[n].socket, READ_SIZE))
      while (take_frame(&connections[n], handler)) continue;
}

static bool is_connected;

static void on_login(struct connection *connection, const struct frame *frame) {
  (void)connection;
  if (strcmp(frame->command, "CONNECTED") != 0) fail("%s in place of CONNECTED", frame->command);
  is_connected = true;
}

void connection_open(struct connection *connection, const char *host, int port) {
  *connection = (struct connection){.socket = socket_connect(host, port, NULL)};
  put_frame(connection, "CONNECT", "accept-version:1.2\nhost:/\nlogin:guest\npasscode:guest\nheart-beat:0,0\n", NULL, 0);
  is_connected = false;
  for (int waited = 0; !is_connected && waited < LOGIN_MS; waited += 100) run_connections(connection, 1, 100, on_login);
  if (!is_connected) fail("the broker did not answer CONNECT");
}
