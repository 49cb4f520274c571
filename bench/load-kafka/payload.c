#include "payload.h"

#include <stdio.h>
#include <stdlib.h>

#include "../load-common/program.h"


enum { RING_BYTES = 1024 * 1024, COUNT_MIN = 16 };

/* Deterministic, so that every run sends the same bytes. */
static uint32_t next_random(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(*state >> 33);
}

static int put_order(char *at, size_t room, uint64_t *state) {
  static const char *const cities[] = {"Berlin", "Lisbon", "Nairobi", "Osaka", "Quito", "Toronto"};
  static const char *const states[] = {"created", "paid", "shipped", "delivered"};
  return snprintf(at, room,
                  "{\"orderId\":\"%08x-%04x\",\"userId\":%u,\"status\":\"%s\",\"city\":\"%s\","
                  "\"items\":[{\"sku\":\"SKU-%06u\",\"quantity\":%u,\"price\":%u.%02u}],"
                  "\"createdAt\":\"2026-%02u-%02uT%02u:%02u:%02u.%03uZ\"},",
                  next_random(state), next_random(state) & 0xffff, next_random(state) % 100000,
                  states[next_random(state) % 4], cities[next_random(state) % 6],
                  next_random(state) % 1000000, next_random(state) % 9 + 1, next_random(state) % 500,
                  next_random(state) % 100, next_random(state) % 12 + 1, next_random(state) % 28 + 1,
                  next_random(state) % 24, next_random(state) % 60, next_random(state) % 60,
                  next_random(state) % 1000);
}

void payloads_make(struct payloads *payloads, uint32_t size) {
  uint64_t state = 42;
  payloads->size = size;
  payloads->count = RING_BYTES / size < COUNT_MIN ? COUNT_MIN : RING_BYTES / size;
  payloads->next = 0;
  payloads->bytes = allocate((size_t)payloads->count * size);
  for (uint32_t i = 0; i < payloads->count; i++) {
    char order[512];
    uint8_t *value = payloads->bytes + (size_t)i * size;
    for (uint32_t at = PAYLOAD_HEAD; at < size;) {
      uint32_t length = (uint32_t)put_order(order, sizeof order, &state);
      uint32_t part = length < size - at ? length : size - at;
      memcpy(value + at, order, part);
      at += part;
    }
  }
}
