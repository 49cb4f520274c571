#include "topology.h"

#include <stdio.h>

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

/* An empty table, or one with x-max-priority as a long-int. */
static uint8_t *put_queue_arguments(uint8_t *at, uint32_t priorities) {
  static const char name[] = "x-max-priority";
  if (priorities == 0) return put_u32(at, 0);
  at = put_shortstr(put_u32(at, 1 + sizeof name - 1 + 1 + 4), name);
  return put_u32(put_u8(at, 'I'), priorities - 1);
}

static void declare_queue(struct connection *connection, const char *queue, uint32_t priorities) {
  uint8_t *start = begin(connection);
  uint8_t *at = put_frame_start(start, FRAME_METHOD, CHANNEL, 0);
  at = put_shortstr(put_u16(put_u32(at, QUEUE_DECLARE), 0), queue);
  at = put_queue_arguments(put_u8(at, DURABLE_BIT | NO_WAIT_BIT), priorities);
  end(connection, start, at);
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

static void bind_all(struct connection *connection, const struct options *options) {
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
