/* A run: connections, one event loop over them, and what was counted in the measured window. */
#ifndef LOAD_RUN_H
#define LOAD_RUN_H

#include "consume.h"
#include "publish.h"

struct counts {
  uint64_t at; /* ns */
  struct tally tally;
  struct usage usage;
};

struct run {
  struct options options;
  char product[128], version[128];
  struct publisher *publishers;
  struct consumer *consumers;
  struct tally tally; /* so far */
  struct histogram confirm_latency, delivery_latency;
  struct window window;
  struct counts before, after; /* at the edges of the window */
  struct counts start, drained; /* before the first message and after the last answer awaited */
  struct counts total;         /* at the very end, since the start */
  double settle_seconds;       /* from the window's end until the broker had answered everything */
};

/* Opens the connections, drives the broker, and closes them; ends the program on any error. */
void run_all(struct run *run);

void run_print(const struct run *run);

#endif
