/* Connections that do nothing: how fast they are made, and what each costs the broker. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "options.h"

enum { AT_ONCE = 100, SETTLE_MS = 2000 };

static uint32_t accepted;

void on_connack(const uint8_t *body) {
  if (body[1] != 0) fail("a connection was refused with %d", body[1]);
  accepted++;
}

void open_all(struct connection *connections, uint32_t count, const struct options *options) {
  uint32_t begun = 0;
  const uint64_t before = accepted;
  while (accepted - before < count) {
    while (begun < count && begun - (accepted - before) < AT_ONCE) {
      connection_open(&connections[begun], begun, options->host, options->port);
      begun++;
    }
    loop_run(100);
  }
}

static void on_packet(struct connection *connection, uint8_t first, const uint8_t *body, size_t size) {
  (void)connection;
  if (first >> 4 == CONNACK && size == 2) on_connack(body);
}

static void settle(void) {
  for (uint64_t end = now_ns() + SETTLE_MS * 1000000ull; now_ns() < end;) loop_run(50);
}

void run_connect(const struct options *options) {
  struct connection *connections = calloc(options->count, sizeof *connections);
  loop_open(on_packet);
  settle();
  double before = resident_bytes(options->broker_pid);
  uint64_t begin = now_ns();
  open_all(connections, options->count, options);
  double seconds = (double)(now_ns() - begin) / 1e9;
  settle();
  double after = resident_bytes(options->broker_pid);
  printf("{\"connections\":%u,\"seconds\":%.4f,\"connect_rate\":%.1f,\"resident_before\":%.0f,\"resident_after\":%.0f,"
         "\"bytes_per_connection\":%.1f}\n",
         options->count, seconds, options->count / seconds, before, after, (after - before) / options->count);
}
