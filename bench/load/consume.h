/* One consuming connection, of one queue or many: finds deliveries in the input buffer in place, acks them in one write a read. */
#ifndef LOAD_CONSUME_H
#define LOAD_CONSUME_H

#include "../load-common/histogram.h"
#include "../load-common/window.h"
#include "connection.h"
#include "tally.h"

struct consumer {
  struct connection connection;
  const struct options *options;
  const struct window *window;
  struct histogram *delivery_latency;
  struct tally *tally;
  uint64_t *next_numbers; /* of the whole run: what comes next by queue or priority, and publisher; 0 = anything */
  uint32_t index;         /* of all consumers */
  uint64_t delivered, acked;
  uint64_t out_of_order; /* deliveries whose number is not the one after the delivery before */
  uint32_t queue;        /* of the delivery being read */

  uint64_t delivery_tag;
  uint64_t body_left;
  bool is_body_start;
};

/* Takes an open connection over and sends basic.consume for each of its queues. */
void consumer_start(struct consumer *consumer, const struct options *options);
void consumer_read(struct consumer *consumer);

/* Acks what `ack_every` has not acked yet. */
void consumer_ack_rest(struct consumer *consumer);

#endif
