/*
 * One publishing connection. Its messages stand ready as wire bytes in a ring of equal images; to
 * publish means to write a time stamp and a number into the next image and to move the write mark.
 * No byte of a message is copied, and one write(2) carries as many messages as the window allows.
 */
#ifndef LOAD_PUBLISH_H
#define LOAD_PUBLISH_H

#include "../load-common/histogram.h"
#include "../load-common/window.h"
#include "connection.h"
#include "tally.h"

struct publisher {
  struct connection connection;
  const struct options *options;
  const struct window *window;
  struct histogram *confirm_latency;
  struct tally *tally;
  uint32_t index;     /* of all publishers; messages carry it above their number */
  uint64_t count_max; /* publish no more than this */
  uint64_t queued;    /* messages stamped into the ring */
  uint64_t written;   /* bytes the socket took */
  uint64_t confirmed, nacked;

  uint8_t *ring;
  size_t image_size, body_at, slots;

  uint64_t *stamps;       /* stamp of each unconfirmed message by delivery tag; 0 = confirmed */
  uint64_t stamps_mask;
  uint64_t lowest_tag;    /* all below are confirmed */

  uint64_t schedule_start; /* open loop: when message 0 is due, ns */
  double interval;         /* open loop: ns between messages of this connection */
};

/* Takes an open connection over. `count_max` is UINT64_MAX when there is no limit. */
void publisher_start(struct publisher *publisher, const struct options *options, uint64_t count_max);

/* Starts the fixed schedule: message m of the run is the (m / publishers)-th of publisher m modulo that. */
void publisher_schedule(struct publisher *publisher, uint64_t start);

/*
 * Stamps every message that may go now and writes what the socket takes. When the run `is_over`, only
 * a schedule goes on, with what was due before the end of the window.
 */
void publisher_advance(struct publisher *publisher, uint64_t now, bool is_over);
void publisher_read(struct publisher *publisher);

/* Whether it could go on at once, without any news from its socket or its schedule. */
bool publisher_is_ready(const struct publisher *publisher, uint64_t now, bool is_over);

/* Nothing is left to write or to be confirmed. */
bool publisher_is_drained(const struct publisher *publisher);

#endif
