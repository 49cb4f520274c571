/*
 * load-kafka: produces to and consumes from a Kafka broker with librdkafka and prints one line of
 * JSON. Ends with 1 when a record was lost, refused or reordered.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "client.h"
#include "evict.h"
#include "program.h"
#include "run.h"

void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("load-kafka: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  /* librdkafka's threads run on: no handlers at exit. */
  _exit(1);
}

void *allocate(size_t size) {
  void *memory = calloc(1, size);
  if (memory == NULL) fail("out of memory");
  return memory;
}

static void print_end(const struct options *options) {
  rd_kafka_t *client = client_new_producer(options);
  client_create_topic(client, options);
  printf("{\"end\":%" PRIu64 "}\n", client_topic_end(client, options));
  rd_kafka_destroy(client);
}

int main(int argc, char **argv) {
  static struct run run;
  options_parse(&run.options, argc, argv);
  if (run.options.evicts) {
    evict_folder(run.options.folder);
  } else if (run.options.probes) {
    print_end(&run.options);
  } else {
    run_all(&run);
    run_print(&run);
  }
  return 0;
}
