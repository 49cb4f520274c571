/*
 * load-kafka: produces to and consumes from a Kafka broker with librdkafka and prints one line of
 * JSON. Ends with 1 when a record was lost, refused or reordered.
 */
#include <inttypes.h>
#include <stdio.h>

#include "../load-common/program.h"
#include "client.h"
#include "evict.h"
#include "run.h"

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
