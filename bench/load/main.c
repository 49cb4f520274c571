/*
 * load: publishes to and consumes from an AMQP 0-9-1 broker and prints one line of JSON.
 * One thread, one epoll loop over all connections: when its CPU share nears 1, it is the limit.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "run.h"
#include "wire.h"

void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("load: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(1);
}

void *allocate(size_t size) {
  void *memory = calloc(1, size);
  if (memory == NULL) fail("out of memory");
  return memory;
}

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

int main(int argc, char **argv) {
  static struct run run;
  options_parse(&run.options, argc, argv);
  if (run.options.depth_only) {
    print_depth(&run.options);
    return 0;
  }
  run_all(&run);
  run_print(&run);
  return 0;
}
