/*
 * load: publishes to and consumes from an AMQP 0-9-1 broker and prints one line of JSON.
 * One thread, one epoll loop over all connections: when its CPU share nears 1, it is the limit.
 */
#include <stdio.h>

#include "../load-common/program.h"
#include "run.h"
#include "topology.h"

static void print_depth(const struct options *options) {
  struct connection connection;
  uint64_t waiting = 0;
  connection_open(&connection, options);
  for (uint32_t i = 0; i < options->queues; i++) {
    char name[256];
    options_queue_name(options, i, name);
    waiting += connection_declare_queue(&connection, name, options->purge);
  }
  connection_take_over(&connection);
  connection_close(&connection);
  printf("{\"waiting\":%lu}\n", (unsigned long)waiting);
}

static void print_declared(const struct options *options) {
  char product[128], version[128];
  double seconds = topology_declare(options, product, version);
  printf("{\"server\":{\"product\":\"%s\",\"version\":\"%s\"},\"seconds\":%.3f}\n", product, version, seconds);
}

int main(int argc, char **argv) {
  static struct run run;
  options_parse(&run.options, argc, argv);
  if (run.options.depth_only) {
    print_depth(&run.options);
    return 0;
  }
  if (run.options.declare_only) {
    print_declared(&run.options);
    return 0;
  }
  allow_many_files();
  run_all(&run);
  run_print(&run);
  return 0;
}
