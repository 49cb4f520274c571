#include "buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "program.h"

enum { CAPACITY_FIRST = 256 };

void buffer_reserve(struct buffer *buffer, size_t more) {
  if (buffer->begin == buffer->end) buffer->begin = buffer->end = 0;
  if (buffer->capacity - buffer->end >= more) return;
  size_t size = buffer_size(buffer);
  if (buffer->begin > 0) memmove(buffer->bytes, buffer->bytes + buffer->begin, size);
  buffer->begin = 0;
  buffer->end = size;
  if (buffer->capacity - size >= more) return;
  size_t capacity = buffer->capacity == 0 ? CAPACITY_FIRST : buffer->capacity;
  while (capacity - size < more) capacity *= 2;
  buffer->bytes = realloc(buffer->bytes, capacity);
  if (buffer->bytes == NULL) fail("out of memory");
  buffer->capacity = capacity;
}

bool buffer_read(struct buffer *buffer, int socket, size_t size) {
  buffer_reserve(buffer, size);
  ssize_t count = recv(socket, buffer->bytes + buffer->end, buffer->capacity - buffer->end, 0);
  if (count < 0 && errno == EAGAIN) return false;
  if (count <= 0) fail("the broker closed a connection: %s", count == 0 ? "without a word" : strerror(errno));
  buffer->end += (size_t)count;
  return true;
}

void buffer_write(struct buffer *buffer, int socket) {
  while (buffer_size(buffer) > 0) {
    ssize_t count = send(socket, buffer->bytes + buffer->begin, buffer_size(buffer), MSG_NOSIGNAL);
    /* A socket that is not connected yet takes nothing. */
    if (count < 0 && (errno == EAGAIN || errno == ENOTCONN)) return;
    if (count < 0) fail("write: %s", strerror(errno));
    buffer->begin += (size_t)count;
  }
}

void buffer_free(struct buffer *buffer) {
  free(buffer->bytes);
  *buffer = (struct buffer){0};
}
