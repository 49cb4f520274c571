#define _GNU_SOURCE
#include "run.h"

#include <unistd.h>

#include "../load-common/program.h"
#include "client.h"

enum { STALL_SECONDS = 120, WATCH_US = 500 };

struct progress {
  uint64_t value, at;
};

static void snapshot(struct run *run, struct counts *counts) {
  counts->acked = run->producer.acked;
  counts->consumed = run->consumed;
  counts->usage = usage_now(run->options.broker_pid);
  thread_usage_read(&counts->threads);
  counts->at = now_ns();
}

/* What --count counts: records read if anybody reads, else acknowledged ones. */
static uint64_t finished(const struct run *run) {
  return run->options.consumes ? run->consumed : run->producer.acked;
}

static void expect_progress(const struct run *run, struct progress *progress) {
  uint64_t value = run->producer.sent + run->producer.acked + run->consumed;
  uint64_t now = now_ns();
  if (value != progress->value || progress->at == 0) *progress = (struct progress){value, now};
  if (now - progress->at > STALL_SECONDS * 1000000000ull)
    fail("nothing happened for %d s: %lu sent, %lu acknowledged, %lu consumed", STALL_SECONDS,
         (unsigned long)run->producer.sent, (unsigned long)run->producer.acked, (unsigned long)run->consumed);
}

static void advance(struct run *run, bool is_over) {
  if (run->options.produces) producer_advance(&run->producer, is_over);
  else usleep(WATCH_US);
}

static void open_window(struct run *run) {
  snapshot(run, &run->before);
  run->window.start = run->before.at;
}

static void close_window(struct run *run) {
  snapshot(run, &run->after);
  run->window.end = run->after.at;
}

/* By number, from the first record after the warm-up to the last. */
static void measure_count(struct run *run) {
  struct progress progress = {0};
  bool is_open = run->options.warmup_count == 0;
  if (is_open) open_window(run);
  while (finished(run) < run->options.count && run->producer.failed == 0) {
    advance(run, false);
    expect_progress(run, &progress);
    if (is_open || finished(run) < run->options.warmup_count) continue;
    is_open = true;
    open_window(run);
  }
  close_window(run);
}

static void advance_until(struct run *run, uint64_t end) {
  struct progress progress = {0};
  while (now_ns() < end) {
    advance(run, false);
    expect_progress(run, &progress);
  }
}

/* By time. Latencies are those of records stamped inside the window, whenever they arrive. */
static void measure_time(struct run *run) {
  uint64_t start = now_ns() + (uint64_t)(run->options.warmup * 1e9);
  advance_until(run, start);
  open_window(run);
  advance_until(run, run->before.at + (uint64_t)(run->options.seconds * 1e9));
  close_window(run);
}

static bool is_settled(const struct run *run) {
  if (!run->options.produces) return true;
  if (!producer_is_drained(&run->producer)) return false;
  return !run->options.consumes || run->consumed >= run->producer.acked;
}

static void settle(struct run *run) {
  struct progress progress = {0};
  while (!is_settled(run)) {
    advance(run, true);
    expect_progress(run, &progress);
  }
  run->settle_seconds = (double)(now_ns() - run->after.at) / 1e9;
}

static void start_consumers(struct run *run) {
  const struct options *options = &run->options;
  run->consumer_count = options->members == 0 ? 1 : options->members;
  run->consumers = allocate(run->consumer_count * sizeof *run->consumers);
  run->partitions = allocate(options->partitions * sizeof *run->partitions);
  for (uint32_t i = 0; i < run->consumer_count; i++) {
    struct consumer *consumer = &run->consumers[i];
    consumer->options = options;
    consumer->window = &run->window;
    consumer->partitions = run->partitions;
    consumer->consumed = &run->consumed;
    consumer_start(consumer);
  }
}

void run_all(struct run *run) {
  const struct options *options = &run->options;
  run->window = (struct window){UINT64_MAX, UINT64_MAX};
  if (options->produces) producer_open(&run->producer, options, &run->window);
  if (options->consumes) start_consumers(run);
  if (options->produces) producer_schedule(&run->producer, now_ns());
  if (options->count > 0) measure_count(run);
  else measure_time(run);
  settle(run);
  for (uint32_t i = 0; i < run->consumer_count; i++) consumer_stop(&run->consumers[i]);
  if (!options->produces) return;
  run->topic_end = client_topic_end(run->producer.client, options);
  producer_close(&run->producer);
}
