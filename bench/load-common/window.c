#include "window.h"

#include "program.h"

struct window window_after(double warmup, double seconds) {
  uint64_t start = now_ns() + (uint64_t)(warmup * 1e9);
  return (struct window){.start = start, .end = start + (uint64_t)(seconds * 1e9)};
}

struct usage window_run(const struct window *window, int broker_pid, void (*step)(void)) {
  struct usage before = usage_now(broker_pid);
  bool has_begun = false;
  while (now_ns() < window->end) {
    if (!has_begun && now_ns() >= window->start) {
      before = usage_now(broker_pid);
      has_begun = true;
    }
    step();
  }
  return usage_between(before, usage_now(broker_pid));
}
