/*
 * Retained messages: set one by one with QoS 1, got by one subscription with a wildcard and QoS 0, cleared again.
 * With QoS 1 Mosquitto gives out no more than fit into the queue of one client.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

enum { STALL_MS = 5000 };

static struct connection setter, getter;
static uint32_t answered, received;
static bool is_subscribed;

static size_t print_filter(char *text, size_t size, uint32_t number) {
  (void)number;
  return (size_t)snprintf(text, size, "load/retained/#");
}

static void on_packet(struct connection *connection, uint8_t first, const uint8_t *body, size_t size) {
  (void)connection;
  switch (first >> 4) {
    case CONNACK: on_connack(body); break;
    case PUBACK: answered++; break;
    case SUBACK:
      if (size < 3 || body[2] > 2) fail("the subscription was refused");
      is_subscribed = true;
      break;
    case PUBLISH:
      if ((first & 1) == 0) fail("a message that is not from the store");
      received++;
      break;
  }
}

/* Sets all, or clears them with an empty payload; in how many seconds. */
static double set_all(const struct options *options, const uint8_t *payload, uint32_t size) {
  char topic[64];
  uint64_t begin = now_ns();
  answered = 0;
  for (uint32_t sent = 0; answered < options->count;) {
    while (sent < options->count && sent - answered < options->outstanding) {
      size_t length = (size_t)snprintf(topic, sizeof topic, "load/retained/%u/value", sent++);
      put_publish(&setter, topic, length, 1, true, payload, size);
    }
    flush(&setter);
    loop_run(100);
  }
  return (double)(now_ns() - begin) / 1e9;
}

void run_retain(const struct options *options) {
  uint8_t *payload = calloc(1, options->size);
  memset(payload, 'x', options->size);
  loop_open(on_packet);
  open_all(&setter, 1, options);
  double before = resident_bytes(options->broker_pid);
  double set_seconds = set_all(options, payload, options->size);
  double after = resident_bytes(options->broker_pid);
  connection_open(&getter, 1, options->host, options->port);
  uint64_t begin = now_ns();
  put_subscribe(&getter, 0, 1, 0, print_filter);
  uint64_t progress = begin;
  for (uint32_t before = 0; received < options->count || !is_subscribed; before = received) {
    loop_run(100);
    if (received != before) progress = now_ns();
    if (now_ns() - progress > STALL_MS * 1000000ull) fail("%u of %u retained messages came", received, options->count);
  }
  double replay_seconds = (double)(now_ns() - begin) / 1e9;
  connection_close(&getter);
  double clear_seconds = set_all(options, payload, 0);
  printf("{\"retained\":%u,\"set_rate\":%.1f,\"replay_rate\":%.1f,\"clear_rate\":%.1f,\"bytes_per_message\":%.1f}\n",
         options->count, options->count / set_seconds, options->count / replay_seconds,
         options->count / clear_seconds, (after - before) / options->count);
}
