#include "topology.h"

#include <stdio.h>

#include "../load-common/program.h"
#include "wire.h"

enum { DURABLE_BIT = 1 << 1, NO_WAIT_BIT = 1 << 4, METHOD_MAX = 1024 };

/* Spreads the messages over the bindings: prime, so that neighbours in time are none in the table. */
enum { BINDING_STRIDE = 7919 };

static uint8_t *begin(struct connection *connection) { return connection_reserve(connection, METHOD_MAX); }

/* `start` is where the frame began; its size is known only now. */
static void end(struct connection *connection, uint8_t *start, uint8_t *at) {
  put_u32(start + 3, (uint32_t)(at - start) - FRAME_OVERHEAD + 1);
  at = put_u8(at, FRAME_END);
  connection_filled(connection, (size_t)(at - start));
}

static uint8_t *put_number(uint8_t *at, const char *name, uint32_t value) {
  return put_u32(put_u8(put_shortstr(at, name), 'I'), value);
}

static uint8_t *put_text(uint8_t *at, const char *name, const char *value) {
  size_t length = strlen(value);
  at = put_u32(put_u8(put_shortstr(at, name), 'S'), (uint32_t)length);
  memcpy(at, value, length);
  return at + length;
}

/* Ends the table that began at `table` with room for its size. */
static uint8_t *end_table(uint8_t *table, uint8_t *at) {
  put_u32(table, (uint32_t)(at - table) - 4);
  return at;
}

static uint8_t *put_queue_declare(uint8_t *start, const char *queue) {
  uint8_t *at = put_frame_start(start, FRAME_METHOD, CHANNEL, 0);
  at = put_shortstr(put_u16(put_u32(at, QUEUE_DECLARE), 0), queue);
  return put_u8(at, DURABLE_BIT | NO_WAIT_BIT);
}

static void declare_queue(struct connection *connection, const char *queue, uint32_t priorities) {
  uint8_t *start = begin(connection);
  uint8_t *table = put_queue_declare(start, queue);
  uint8_t *at = table + 4;
  if (priorities > 0) at = put_number(at, "x-max-priority", priorities - 1);
  end(connection, start, end_table(table, at));
}

/* A queue whose dead letters go to the next hop. */
static void declare_hop(struct connection *connection, const struct options *options, uint32_t index) {
  char queue[256], next[256];
  options_hop_name(options, index, queue);
  options_hop_name(options, index + 1, next);
  uint8_t *start = begin(connection);
  uint8_t *table = put_queue_declare(start, queue);
  uint8_t *at = put_text(table + 4, "x-dead-letter-exchange", "");
  at = put_text(at, "x-dead-letter-routing-key", next);
  if (options->expired > 0) at = put_number(at, "x-message-ttl", options->ttl_ms);
  end(connection, start, end_table(table, at));
}

static void purge_queue(struct connection *connection, const char *queue) {
  uint8_t *start = begin(connection);
  uint8_t *at = put_frame_start(start, FRAME_METHOD, CHANNEL, 0);
  at = put_shortstr(put_u16(put_u32(at, QUEUE_PURGE), 0), queue);
  end(connection, start, put_u8(at, 1));
}

static void declare_exchange(struct connection *connection, const char *exchange, const char *type) {
  uint8_t *start = begin(connection);
  uint8_t *at = put_frame_start(start, FRAME_METHOD, CHANNEL, 0);
  at = put_shortstr(put_u16(put_u32(at, EXCHANGE_DECLARE), 0), exchange);
  at = put_shortstr(at, type);
  end(connection, start, put_u32(put_u8(at, DURABLE_BIT | NO_WAIT_BIT), 0));
}

struct binding {
  const char *queue, *exchange, *key;
};

static void bind_queue(struct connection *connection, const struct binding *binding) {
  uint8_t *start = begin(connection);
  uint8_t *at = put_frame_start(start, FRAME_METHOD, CHANNEL, 0);
  at = put_shortstr(put_u16(put_u32(at, QUEUE_BIND), 0), binding->queue);
  at = put_shortstr(put_shortstr(at, binding->exchange), binding->key);
  end(connection, start, put_u32(put_u8(at, 1), 0));
}

static void bind_delayed(struct connection *connection, const struct options *options) {
  char exchange[256], queue[256];
  options_exchange_name(options, exchange);
  options_queue_name(options, 0, queue);
  uint8_t *start = begin(connection);
  uint8_t *at = put_frame_start(start, FRAME_METHOD, CHANNEL, 0);
  at = put_shortstr(put_u16(put_u32(at, EXCHANGE_DECLARE), 0), exchange);
  at = put_shortstr(at, "x-delayed-message");
  uint8_t *table = put_u8(at, DURABLE_BIT | NO_WAIT_BIT);
  end(connection, start, end_table(table, put_text(table + 4, "x-delayed-type", "direct")));
  bind_queue(connection, &(struct binding){queue, exchange, queue});
}

static void bind_all(struct connection *connection, const struct options *options) {
  if (options->delay_ms > 0) return bind_delayed(connection, options);
  bool is_topic = options->routing == ROUTING_TOPIC;
  if (!is_topic && options->routing != ROUTING_FANOUT) return;
  char exchange[256], queue[256], key[64] = "";
  options_exchange_name(options, exchange);
  declare_exchange(connection, exchange, is_topic ? "topic" : "fanout");
  uint32_t count = is_topic ? options->bindings : options->queues;
  for (uint32_t i = 0; i < count; i++) {
    options_queue_name(options, i % options->queues, queue);
    if (is_topic) topology_pattern(i, key);
    bind_queue(connection, &(struct binding){queue, exchange, key});
  }
}

double topology_declare(const struct options *options, char *product, char *version) {
  struct connection connection;
  connection_open(&connection, options);
  connection_server(&connection, product, version);
  connection_take_over(&connection);
  uint64_t start = now_ns();
  for (uint32_t i = 0; i < options->queues; i++) {
    char queue[256];
    options_queue_name(options, i, queue);
    declare_queue(&connection, queue, options->priorities);
    if (options->purge) purge_queue(&connection, queue);
  }
  for (uint32_t i = 0; i < options_hops(options); i++) declare_hop(&connection, options, i);
  bind_all(&connection, options);
  connection_settle(&connection);
  double seconds = (double)(now_ns() - start) / 1e9;
  connection_close(&connection);
  return seconds;
}

void topology_pattern(uint32_t index, char *pattern) { snprintf(pattern, 64, "load.%07u.*", index); }

void topology_routing_key(const struct options *options, uint32_t number, char *key) {
  uint32_t index = (uint32_t)((uint64_t)number * BINDING_STRIDE % options->bindings);
  snprintf(key, 64, "load.%07u.%07u", index, number);
}
