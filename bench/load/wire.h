/* Big-endian integers, and the AMQP 0-9-1 numbers this program needs. */
#ifndef LOAD_WIRE_H
#define LOAD_WIRE_H

#include <stdint.h>
#include <string.h>

enum {
  FRAME_METHOD = 1,
  FRAME_HEADER = 2,
  FRAME_BODY = 3,
  FRAME_END = 0xCE,
  FRAME_OVERHEAD = 8, /* type, channel, size, end mark */
};

/* class id << 16 | method id */
enum {
  CONNECTION_CLOSE = 0x000A0032,
  CONNECTION_CLOSE_OK = 0x000A0033,
  CONNECTION_BLOCKED = 0x000A003C,
  CONNECTION_UNBLOCKED = 0x000A003D,
  CHANNEL_CLOSE = 0x00140028,
  CHANNEL_CLOSE_OK = 0x00140029,
  EXCHANGE_DECLARE = 0x0028000A,
  QUEUE_DECLARE = 0x0032000A,
  QUEUE_BIND = 0x00320014,
  QUEUE_PURGE = 0x0032001E,
  BASIC_CONSUME = 0x003C0014,
  BASIC_CONSUME_OK = 0x003C0015,
  BASIC_CANCEL = 0x003C001E,
  BASIC_PUBLISH = 0x003C0028,
  BASIC_RETURN = 0x003C0032,
  BASIC_DELIVER = 0x003C003C,
  BASIC_ACK = 0x003C0050,
  BASIC_REJECT = 0x003C005A,
  BASIC_NACK = 0x003C0078,
};

static inline uint16_t get_u16(const uint8_t *at) {
  uint16_t value;
  memcpy(&value, at, sizeof value);
  return __builtin_bswap16(value);
}

static inline uint32_t get_u32(const uint8_t *at) {
  uint32_t value;
  memcpy(&value, at, sizeof value);
  return __builtin_bswap32(value);
}

static inline uint64_t get_u64(const uint8_t *at) {
  uint64_t value;
  memcpy(&value, at, sizeof value);
  return __builtin_bswap64(value);
}

static inline uint8_t *put_u8(uint8_t *at, uint8_t value) {
  *at = value;
  return at + 1;
}

static inline uint8_t *put_u16(uint8_t *at, uint16_t value) {
  value = __builtin_bswap16(value);
  memcpy(at, &value, sizeof value);
  return at + sizeof value;
}

static inline uint8_t *put_u32(uint8_t *at, uint32_t value) {
  value = __builtin_bswap32(value);
  memcpy(at, &value, sizeof value);
  return at + sizeof value;
}

static inline uint8_t *put_u64(uint8_t *at, uint64_t value) {
  value = __builtin_bswap64(value);
  memcpy(at, &value, sizeof value);
  return at + sizeof value;
}

static inline uint8_t *put_shortstr(uint8_t *at, const char *text) {
  size_t length = strlen(text);
  at = put_u8(at, (uint8_t)length);
  memcpy(at, text, length);
  return at + length;
}

static inline uint8_t *put_frame_start(uint8_t *at, uint8_t type, uint16_t channel, uint32_t size) {
  at = put_u8(at, type);
  at = put_u16(at, channel);
  return put_u32(at, size);
}

#endif
