/* The command line, and what it asks for. */
#ifndef LOAD_MQTT_OPTIONS_H
#define LOAD_MQTT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "../load-common/program.h"
#include "connection.h"

struct options {
  const char *mode; /* both, connect, retain or subscribe */
  const char *host;
  int port;
  uint32_t publishers, subscribers; /* subscriber n gets what publisher n % publishers sends */
  int qos;
  uint32_t size;        /* payload bytes; at least 12, which carry the time stamp and the number */
  uint32_t outstanding; /* messages of a publisher that are not answered, or not delivered; also in an open loop */
  double rate;          /* open loop: messages a second of all publishers on a fixed schedule; 0 = flat out */
  double warmup, seconds;
  uint32_t count;       /* connections, retained messages or subscriptions */
  int broker_pid;       /* whose CPU time and memory to read from /proc; 0 = none */
};

/* Resident bytes of a process. */
double resident_bytes(int pid);

/* Opens connections [0, count), a hundred at a time, until each is accepted. */
void open_all(struct connection *connections, uint32_t count, const struct options *options);
/* To be called for every CONNACK. */
void on_connack(const uint8_t *body);

void run_both(const struct options *options);
void run_connect(const struct options *options);
void run_retain(const struct options *options);
void run_subscribe(const struct options *options);

#endif
