/* Load on an MQTT broker: messages between publishers and subscribers, connections, retained messages, subscriptions. */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: load-mqtt both|connect|retain|subscribe [options]\n"
    "  --host H --port P --broker-pid PID    also report that process's CPU time and memory\n"
    "  both: --publishers N --subscribers N  subscriber n gets what publisher n %% publishers sends\n"
    "        --qos Q --size BYTES --outstanding N --warmup S --seconds S\n"
    "        --rate N                        open loop: N messages a second on a fixed schedule\n"
    "  connect --count N                     connections that do nothing once they are there\n"
    "  retain --count N --size BYTES         retained messages are set, then got by one wildcard, then cleared\n"
    "  subscribe --count N --rate N          filters with wildcards, of a hundred clients; then messages for one each\n";

static const struct option long_options[] = {
    {"host", required_argument, NULL, 'h'},      {"port", required_argument, NULL, 'p'},
    {"publishers", required_argument, NULL, 'P'}, {"subscribers", required_argument, NULL, 'S'},
    {"qos", required_argument, NULL, 'q'},       {"size", required_argument, NULL, 's'},
    {"outstanding", required_argument, NULL, 'o'}, {"rate", required_argument, NULL, 'r'},
    {"warmup", required_argument, NULL, 'w'},    {"seconds", required_argument, NULL, 't'},
    {"count", required_argument, NULL, 'c'},     {"broker-pid", required_argument, NULL, 'b'},
    {NULL, 0, NULL, 0},
};

double resident_bytes(int pid) {
  char name[64], line[256];
  snprintf(name, sizeof name, "/proc/%d/status", pid);
  FILE *file = fopen(name, "r");
  if (file == NULL) return 0;
  double kilobytes = 0;
  while (fgets(line, sizeof line, file) != NULL)
    if (sscanf(line, "VmRSS: %lf", &kilobytes) == 1) break;
  fclose(file);
  return kilobytes * 1024;
}

static void set_option(struct options *options, int option, char *value) {
  switch (option) {
    case 'h': options->host = value; break;
    case 'p': options->port = (int)parse_number(value, 1, 65535); break;
    case 'P': options->publishers = (uint32_t)parse_number(value, 1, 100000); break;
    case 'S': options->subscribers = (uint32_t)parse_number(value, 1, 100000); break;
    case 'q': options->qos = (int)parse_number(value, 0, 2); break;
    case 's': options->size = (uint32_t)parse_number(value, 12, 1e8); break;
    case 'o': options->outstanding = (uint32_t)parse_number(value, 1, 30000); break;
    case 'r': options->rate = parse_number(value, 0, 1e8); break;
    case 'w': options->warmup = parse_number(value, 0, 3600); break;
    case 't': options->seconds = parse_number(value, 0.01, 86400); break;
    case 'c': options->count = (uint32_t)parse_number(value, 1, 1e7); break;
    case 'b': options->broker_pid = (int)parse_number(value, 1, 1e9); break;
    default: fputs(usage, stderr); exit(64);
  }
}

int main(int argc, char **argv) {
  struct options options = {.host = "127.0.0.1", .port = 1883, .publishers = 1, .subscribers = 1, .size = 64,
                            .outstanding = 100, .warmup = 1, .seconds = 5, .count = 1000};
  if (argc < 2) {
    fputs(usage, stderr);
    return 64;
  }
  options.mode = argv[1];
  int option;
  while ((option = getopt_long(argc - 1, argv + 1, "", long_options, NULL)) != -1)
    set_option(&options, option, optarg);
  allow_many_files();
  if (strcmp(options.mode, "both") == 0) run_both(&options);
  else if (strcmp(options.mode, "connect") == 0) run_connect(&options);
  else if (strcmp(options.mode, "retain") == 0) run_retain(&options);
  else if (strcmp(options.mode, "subscribe") == 0) run_subscribe(&options);
  else set_option(&options, 0, NULL);
  return 0;
}
