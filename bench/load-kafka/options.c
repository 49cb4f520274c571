#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../load-common/program.h"


static const char usage[] =
    "usage: load-kafka produce|consume|both|probe [options]\n"
    "       load-kafka evict --folder FOLDER        its files leave the page cache\n"
    "  --host H --port P --topic NAME --partitions N   the topic is created when missing\n"
    "  --size BYTES                          of a value; JSON-like text that compresses as such\n"
    "  --acks -1|1|0 --compression none|lz4|zstd|gzip|snappy --linger-ms MS --batch-size BYTES\n"
    "  --outstanding N                       unacknowledged records at most\n"
    "  --rate N                              open loop: N records a second on a fixed schedule\n"
    "  --members N                           consume in a group of N (default: no group)\n"
    "  --warmup S --seconds S                end by time, and\n"
    "  --count N --warmup-count N            end by number, of which the first are not measured\n"
    "  --broker-pid PID                      also report that process's CPU time\n"
    "  --set NAME=VALUE                      any other setting of librdkafka\n"
    "Consumers read from the start of the topic. Partitions take turns, record by record.\n";

enum { OPTION_FIRST = 256 };

static const struct option long_options[] = {
    {"host", required_argument, NULL, OPTION_FIRST},
    {"port", required_argument, NULL, OPTION_FIRST + 1},
    {"topic", required_argument, NULL, OPTION_FIRST + 2},
    {"partitions", required_argument, NULL, OPTION_FIRST + 3},
    {"size", required_argument, NULL, OPTION_FIRST + 4},
    {"acks", required_argument, NULL, OPTION_FIRST + 5},
    {"compression", required_argument, NULL, OPTION_FIRST + 6},
    {"linger-ms", required_argument, NULL, OPTION_FIRST + 7},
    {"batch-size", required_argument, NULL, OPTION_FIRST + 8},
    {"outstanding", required_argument, NULL, OPTION_FIRST + 9},
    {"rate", required_argument, NULL, OPTION_FIRST + 10},
    {"members", required_argument, NULL, OPTION_FIRST + 11},
    {"count", required_argument, NULL, OPTION_FIRST + 12},
    {"warmup-count", required_argument, NULL, OPTION_FIRST + 13},
    {"warmup", required_argument, NULL, OPTION_FIRST + 14},
    {"seconds", required_argument, NULL, OPTION_FIRST + 15},
    {"broker-pid", required_argument, NULL, OPTION_FIRST + 16},
    {"folder", required_argument, NULL, OPTION_FIRST + 17},
    {"set", required_argument, NULL, OPTION_FIRST + 18},
    {"tls-ca", required_argument, NULL, OPTION_FIRST + 19},
    {NULL, 0, NULL, 0},
};

static void add_setting(struct options *options, char *setting) {
  if (strchr(setting, '=') == NULL || options->setting_count == SETTINGS_MAX)
    fail("--set needs NAME=VALUE, at most %d times", SETTINGS_MAX);
  options->settings[options->setting_count++] = setting;
}

static void set_option(struct options *options, int option, char *value) {
  switch (option - OPTION_FIRST) {
    case 0: options->host = value; break;
    case 1: options->port = (int)parse_number(value, 1, 65535); break;
    case 2: options->topic = value; break;
    case 3: options->partitions = (uint32_t)parse_number(value, 1, 10000); break;
    case 4: options->size = (uint32_t)parse_number(value, 16, 1e8); break;
    case 5: options->acks = value; break;
    case 6: options->compression = value; break;
    case 7: options->linger_ms = value; break;
    case 8: options->batch_size = value; break;
    case 9: options->outstanding = (uint32_t)parse_number(value, 1, 1e7); break;
    case 10: options->rate = parse_number(value, 0, 1e8); break;
    case 11: options->members = (uint32_t)parse_number(value, 0, 1000); break;
    case 12: options->count = (uint64_t)parse_number(value, 1, 1e12); break;
    case 13: options->warmup_count = (uint64_t)parse_number(value, 0, 1e12); break;
    case 14: options->warmup = parse_number(value, 0, 3600); break;
    case 15: options->seconds = parse_number(value, 0.01, 86400); break;
    case 16: options->broker_pid = (int)parse_number(value, 1, 1e9); break;
    case 17: options->folder = value; break;
    case 18: add_setting(options, value); break;
    case 19: options->tls_ca = value; break;
    default: fputs(usage, stderr); exit(64);
  }
}

static void set_mode(struct options *options, const char *mode) {
  options->produces = strcmp(mode, "produce") == 0 || strcmp(mode, "both") == 0;
  options->consumes = strcmp(mode, "consume") == 0 || strcmp(mode, "both") == 0;
  options->evicts = strcmp(mode, "evict") == 0 && options->folder != NULL;
  options->probes = strcmp(mode, "probe") == 0;
  if (options->produces || options->consumes || options->evicts || options->probes) return;
  fputs(usage, stderr);
  exit(64);
}

void options_parse(struct options *options, int argc, char **argv) {
  *options = (struct options){
      .host = "127.0.0.1", .port = 9092, .topic = "load", .partitions = 1, .size = 1024,
      .acks = "-1", .compression = "none", .linger_ms = "5", .batch_size = "1000000",
      .outstanding = 100000, .warmup = 1, .seconds = 5,
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
}
