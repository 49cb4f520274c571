/* One consuming connection: finds deliveries in the input buffer in place, acks them in one write a read. */
#ifndef LOAD_CONSUME_H
#define LOAD_CONSUME_H

#include "connection.h"
#include "histogram.h"
#include "window.h"

struct consumer {
  struct connection connection;
  const struct options *options;
  const struct window *window;
  struct histogram *delivery_latency;
  uint64_t delivered, acked;
  uint64_t out_of_order; /* deliveries whose number is not the one after the delivery before */

  uint64_t delivery_tag;
  uint64_t body_left;
  bool is_body_start;
  uint64_t next_number;
};

/* Takes an open connection over and sends basic.consume. */
void consumer_start(struct consumer *consumer, const struct options *options, uint32_t queue);
void consumer_read(struct consumer *consumer);

/* Acks what `ack_every` has not acked yet. */
void consumer_ack_rest(struct consumer *consumer);

#endif
