/* The producer: records numbered per partition, partitions in turn, one thread of its own making. */
#ifndef LOAD_KAFKA_PRODUCE_H
#define LOAD_KAFKA_PRODUCE_H

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>

#include "../load-common/histogram.h"
#include "../load-common/window.h"
#include "options.h"
#include "payload.h"

struct producer {
  const struct options *options;
  const struct window *window;
  rd_kafka_t *client;
  rd_kafka_topic_t *topic;
  rd_kafka_queue_t *events;
  struct payloads payloads;
  uint64_t *numbers;      /* next number per partition */
  int64_t *last_offsets;  /* of the last acknowledged record per partition */
  uint64_t sent;
  _Atomic uint64_t acked; /* also read at the edges of the window */
  uint64_t failed, misplaced; /* refused; acknowledged at an offset that is not above the last */
  rd_kafka_resp_err_t first_error;
  struct histogram ack_latency;

  uint64_t schedule_start; /* open loop: when record 0 is due, ns */
};

void producer_open(struct producer *producer, const struct options *options, const struct window *window);

/* Starts the fixed schedule of an open loop. */
void producer_schedule(struct producer *producer, uint64_t start);

/* Hands over what may go now, then takes acknowledgements, waiting for one if nothing could go. */
void producer_advance(struct producer *producer, bool is_over);

/* Everything due was handed over, and acknowledged or refused. */
bool producer_is_drained(const struct producer *producer);

void producer_close(struct producer *producer);

#endif
