/* The measured part of a run: only messages stamped inside it count towards latencies. */
#ifndef LOAD_WINDOW_H
#define LOAD_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "process-usage.h"

struct window {
  uint64_t start; /* ns; UINT64_MAX until it opens */
  uint64_t end;   /* ns; UINT64_MAX until it closes */
};

static inline bool window_has(const struct window *window, uint64_t stamp) {
  return stamp >= window->start && stamp < window->end;
}

/* One that opens in `warmup` seconds from now. */
struct window window_after(double warmup, double seconds);

/* Calls `step` until the window is over; returns what was used inside it. */
struct usage window_run(const struct window *window, int broker_pid, void (*step)(void));

#endif
