/* One run: the clients, the edges of its window, and what was counted in between. */
#ifndef LOAD_KAFKA_RUN_H
#define LOAD_KAFKA_RUN_H

#include "consume.h"
#include "produce.h"
#include "thread-usage.h"

struct counts {
  uint64_t at; /* ns */
  uint64_t acked, consumed;
  struct usage usage;
  struct thread_usage threads;
};

struct run {
  struct options options;
  struct producer producer;
  struct consumer *consumers;
  uint32_t consumer_count;
  struct partition_reader *partitions;
  _Atomic uint64_t consumed;
  struct window window;
  struct counts before, after; /* at the edges of the window */
  double settle_seconds;       /* from the window's end until everything was answered and read */
  uint64_t topic_end;          /* end offsets of the topic's partitions together, as the broker says */
};

/* Opens the clients, drives the broker, and closes them; ends the program on any error. */
void run_all(struct run *run);

/* Also ends the program with 1 when a record was lost, refused or out of order. */
void run_print(const struct run *run);

#endif
