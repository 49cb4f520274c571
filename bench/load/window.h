/* The measured part of a run: only messages stamped inside it count towards latencies. */
#ifndef LOAD_WINDOW_H
#define LOAD_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

struct window {
  uint64_t start; /* ns; UINT64_MAX until it opens */
  uint64_t end;   /* ns; UINT64_MAX until it closes */
};

static inline bool window_has(const struct window *window, uint64_t stamp) {
  return stamp >= window->start && stamp < window->end;
}

#endif
