/* Bytes on their way from or to a socket that does not block. */
#ifndef LOAD_BUFFER_H
#define LOAD_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buffer {
  uint8_t *bytes;
  size_t begin, end, capacity;
};

static inline size_t buffer_size(const struct buffer *buffer) { return buffer->end - buffer->begin; }

/* Makes room behind `end` for so many more bytes. */
void buffer_reserve(struct buffer *buffer, size_t more);

/* To be called with room for them. */
static inline void buffer_put(struct buffer *buffer, const void *bytes, size_t size) {
  memcpy(buffer->bytes + buffer->end, bytes, size);
  buffer->end += size;
}

/* Reads once, `size` bytes or what there is room for; false when nothing is there. Fails when the broker has closed. */
bool buffer_read(struct buffer *buffer, int socket, size_t size);

/* Writes what it has, as far as the socket takes it. */
void buffer_write(struct buffer *buffer, int socket);

/* It is empty, and has no memory. */
void buffer_free(struct buffer *buffer);

#endif
