#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../load-common/program.h"

static const char usage[] =
    "usage: load publish|consume|both|declare|depth [options]\n"
    "  --host H --port P --user U --password W --vhost V\n"
    "  --tls-ca FILE                         TLS, to a broker for which FILE vouches\n"
    "  --queue NAME --queues N --purge       durable queues, declared when missing\n"
    "  --routing turns|pinned|fanout|topic   to all queues in turn, publisher i to queue i only,\n"
    "                                        a copy for every queue, by topic patterns\n"
    "  --bindings N                          how many patterns, of which a message matches one\n"
    "  --priorities N                        one queue with so many, which messages have in turn\n"
    "  --rejected N | --expired N --ttl MS   messages come to the queue as dead letters through N others:\n"
    "                                        the consumer rejects them, or they expire there\n"
    "  --delay MS                            through an x-delayed-message exchange\n"
    "  --publishers N --consumers N          connections (default 1 each, as the mode needs)\n"
    "  --size BYTES --transient              message bodies, persistent unless --transient\n"
    "  --outstanding N                       unconfirmed publishes a connection; 0 = no confirms\n"
    "  --rate N                              open loop: N messages a second on a fixed schedule\n"
    "  --prefetch N --ack-every N            N=1 acks each, N>1 multiple, 0 = no-ack\n"
    "  --warmup S --seconds S                end by time, and\n"
    "  --count N --warmup-count N            end by number, of which the first are not measured\n"
    "  --broker-pid PID                      also report that process's CPU time\n";

enum { OPTION_FIRST = 256 };

static const struct option long_options[] = {
    {"host", required_argument, NULL, OPTION_FIRST},
    {"port", required_argument, NULL, OPTION_FIRST + 1},
    {"user", required_argument, NULL, OPTION_FIRST + 2},
    {"password", required_argument, NULL, OPTION_FIRST + 3},
    {"vhost", required_argument, NULL, OPTION_FIRST + 4},
    {"queue", required_argument, NULL, OPTION_FIRST + 5},
    {"queues", required_argument, NULL, OPTION_FIRST + 6},
    {"purge", no_argument, NULL, OPTION_FIRST + 7},
    {"publishers", required_argument, NULL, OPTION_FIRST + 8},
    {"consumers", required_argument, NULL, OPTION_FIRST + 9},
    {"size", required_argument, NULL, OPTION_FIRST + 10},
    {"transient", no_argument, NULL, OPTION_FIRST + 11},
    {"outstanding", required_argument, NULL, OPTION_FIRST + 12},
    {"rate", required_argument, NULL, OPTION_FIRST + 13},
    {"prefetch", required_argument, NULL, OPTION_FIRST + 14},
    {"ack-every", required_argument, NULL, OPTION_FIRST + 15},
    {"count", required_argument, NULL, OPTION_FIRST + 16},
    {"warmup", required_argument, NULL, OPTION_FIRST + 17},
    {"seconds", required_argument, NULL, OPTION_FIRST + 18},
    {"broker-pid", required_argument, NULL, OPTION_FIRST + 19},
    {"warmup-count", required_argument, NULL, OPTION_FIRST + 20},
    {"routing", required_argument, NULL, OPTION_FIRST + 21},
    {"bindings", required_argument, NULL, OPTION_FIRST + 22},
    {"tls-ca", required_argument, NULL, OPTION_FIRST + 23},
    {"priorities", required_argument, NULL, OPTION_FIRST + 24},
    {"rejected", required_argument, NULL, OPTION_FIRST + 25},
    {"expired", required_argument, NULL, OPTION_FIRST + 26},
    {"ttl", required_argument, NULL, OPTION_FIRST + 27},
    {"delay", required_argument, NULL, OPTION_FIRST + 28},
    {NULL, 0, NULL, 0},
};

static enum routing find_routing(const char *name) {
  static const char *const names[] = {"turns", "pinned", "fanout", "topic"}; /* as in the enum */
  for (int i = 0; i <= ROUTING_TOPIC; i++)
    if (strcmp(name, names[i]) == 0) return (enum routing)i;
  fail("there is no routing '%s'", name);
}

static void set_option(struct options *options, int option, const char *value) {
  switch (option - OPTION_FIRST) {
    case 0: options->host = value; break;
    case 1: options->port = (int)parse_number(value, 1, 65535); break;
    case 2: options->user = value; break;
    case 3: options->password = value; break;
    case 4: options->vhost = value; break;
    case 5: options->queue = value; break;
    case 6: options->queues = (uint32_t)parse_number(value, 1, 100000); break;
    case 7: options->purge = true; break;
    case 8: options->publishers = (uint32_t)parse_number(value, 1, 10000); break;
    case 9: options->consumers = (uint32_t)parse_number(value, 1, 10000); break;
    case 10: options->size = (uint32_t)parse_number(value, 16, 512e6); break;
    case 11: options->persistent = false; break;
    case 12: options->outstanding = (uint32_t)parse_number(value, 0, 1e6); break;
    case 13: options->rate = parse_number(value, 0, 1e8); break;
    case 14: options->prefetch = (uint32_t)parse_number(value, 0, 65535); break;
    case 15: options->ack_every = (uint32_t)parse_number(value, 0, 65535); break;
    case 16: options->count = (uint64_t)parse_number(value, 1, 1e12); break;
    case 17: options->warmup = parse_number(value, 0, 3600); break;
    case 18: options->seconds = parse_number(value, 0.01, 86400); break;
    case 19: options->broker_pid = (int)parse_number(value, 1, 1e9); break;
    case 20: options->warmup_count = (uint64_t)parse_number(value, 0, 1e12); break;
    case 21: options->routing = find_routing(value); break;
    case 22: options->bindings = (uint32_t)parse_number(value, 1, 1e6); break;
    case 23: options->tls_ca = value; break;
    case 24: options->priorities = (uint32_t)parse_number(value, 2, 256); break;
    case 25: options->rejected = (uint32_t)parse_number(value, 1, 1000); break;
    case 26: options->expired = (uint32_t)parse_number(value, 1, 1000); break;
    case 27: options->ttl_ms = (uint32_t)parse_number(value, 0, 4e9); break;
    case 28: options->delay_ms = (uint32_t)parse_number(value, 1, 2e9); break;
    default: fputs(usage, stderr); exit(64);
  }
}

static void set_mode(struct options *options, const char *mode) {
  bool publishes = strcmp(mode, "publish") == 0 || strcmp(mode, "both") == 0;
  bool consumes = strcmp(mode, "consume") == 0 || strcmp(mode, "both") == 0;
  options->depth_only = strcmp(mode, "depth") == 0;
  options->declare_only = strcmp(mode, "declare") == 0;
  if (!publishes && !consumes && !options->depth_only && !options->declare_only) {
    fputs(usage, stderr);
    exit(64);
  }
  if (!publishes) options->publishers = 0;
  if (!consumes) options->consumers = 0;
}

void options_parse(struct options *options, int argc, char **argv) {
  *options = (struct options){
      .host = "127.0.0.1", .port = 5672, .user = "guest", .password = "guest", .vhost = "/",
      .queue = "load", .queues = 1, .bindings = 1, .publishers = 1, .consumers = 1,
      .size = 1024, .persistent = true, .outstanding = 1000,
      .prefetch = 1000, .ack_every = 1, .warmup = 1, .seconds = 5,
  };
  if (argc < 2) {
    fputs(usage, stderr);
    exit(64);
  }
  int option;
  while ((option = getopt_long(argc - 1, argv + 1, "", long_options, NULL)) != -1)
    set_option(options, option, optarg);
  set_mode(options, argv[1]);
  if (options->warmup_count > 0 && options->warmup_count >= options->count)
    fail("--warmup-count must be below --count");
  if (options->prefetch > 0 && options->ack_every > options->prefetch)
    fail("--ack-every above --prefetch would wait for ever");
  if (options->priorities > 0 && options->queues > 1) fail("--priorities is for one queue");
  bool is_detoured = options_hops(options) > 0 || options->delay_ms > 0;
  if (is_detoured && (options->queues > 1 || options->routing != ROUTING_TURNS || options->ack_every != 1))
    fail("--rejected, --expired and --delay are for one queue with an ack for each message");
  if ((options->rejected > 0) + (options->expired > 0) + (options->delay_ms > 0) > 1)
    fail("only one of --rejected, --expired and --delay");
  if (strlen(options->queue) > 200) fail("--queue is longer than 200 bytes");
}

void options_exchange_name(const struct options *options, char *name) {
  const char *suffix = NULL;
  if (options->routing == ROUTING_FANOUT) suffix = "-fanout";
  if (options->routing == ROUTING_TOPIC) suffix = "-topic";
  if (options->delay_ms > 0) suffix = "-delayed";
  snprintf(name, 256, "%s%s", suffix == NULL ? "" : options->queue, suffix == NULL ? "" : suffix);
}

void options_hop_name(const struct options *options, uint32_t index, char *name) {
  if (index >= options_hops(options)) return options_queue_name(options, 0, name);
  snprintf(name, 256, "%s-hop-%05u", options->queue, index);
}

void options_queue_name(const struct options *options, uint32_t index, char *name) {
  if (options->queues == 1)
    snprintf(name, 256, "%s", options->queue);
  else
    snprintf(name, 256, "%s-%05u", options->queue, index);
}
