/* Consumers: one alone that reads every partition, or the members of a group; a thread each. */
#ifndef LOAD_KAFKA_CONSUME_H
#define LOAD_KAFKA_CONSUME_H

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "../load-common/histogram.h"
#include "../load-common/window.h"
#include "options.h"

/* What a partition's reader knows; a partition has one reader at a time. */
struct partition_reader {
  uint64_t next_number; /* of the record that must come next */
};

struct consumer {
  const struct options *options;
  const struct window *window;
  struct partition_reader *partitions; /* of the whole topic, shared by the members */
  _Atomic uint64_t *consumed;          /* by all members */
  rd_kafka_t *client;
  pthread_t thread;
  atomic_bool is_over;
  uint64_t out_of_order; /* records whose number was not the next of their partition */
  struct histogram delivery_latency;
};

/* Opens it and starts its thread. */
void consumer_start(struct consumer *consumer);

/* Ends its thread and its client. */
void consumer_stop(struct consumer *consumer);

#endif
