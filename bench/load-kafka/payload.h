/*
 * Values of the records: 16 bytes with the time stamp and the number in its partition (both as 64-bit
 * big-endian integers, as bench/load writes them), then text as of an order in JSON: repeated field
 * names, random values. Compressed in batches it shrinks as such events do, to about a third (lz4).
 */
#ifndef LOAD_KAFKA_PAYLOAD_H
#define LOAD_KAFKA_PAYLOAD_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

enum { PAYLOAD_HEAD = 16 };

struct payloads {
  uint8_t *bytes; /* `count` values of `size` bytes, all different */
  uint32_t size, count, next;
};

struct payload_head {
  uint64_t stamp, number;
};

void payloads_make(struct payloads *payloads, uint32_t size);

/* The next value, stamped; valid until as many more as there are were taken. */
static inline void *payloads_take(struct payloads *payloads, uint64_t stamp, uint64_t number) {
  uint8_t *value = payloads->bytes + (size_t)payloads->next * payloads->size;
  uint64_t head[2] = {htobe64(stamp), htobe64(number)};
  memcpy(value, head, sizeof head);
  payloads->next = payloads->next + 1 == payloads->count ? 0 : payloads->next + 1;
  return value;
}

static inline struct payload_head payload_read(const void *value) {
  uint64_t head[2];
  memcpy(head, value, sizeof head);
  return (struct payload_head){be64toh(head[0]), be64toh(head[1])};
}

#endif
