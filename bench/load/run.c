#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>

#include "../load-common/program.h"
#include "topology.h"

enum { STALL_SECONDS = 120, EVENTS_MAX = 256 };

/* One connection as the loop sees it: it is walked when it has news, or work it can do at once. */
struct endpoint {
  struct publisher *publisher; /* one of the two */
  struct consumer *consumer;
  struct connection *connection;
  bool is_active;
};

struct loop {
  struct run *run;
  int epoll;
  bool is_over; /* the window has closed: publish no more, wait for what is due */
  struct endpoint *endpoints; /* publishers first, in their order */
  struct endpoint **active;
  uint32_t active_count;
  uint64_t start;
  uint64_t scheduled; /* open loop: messages of the run whose publisher was told that they are due */
  uint64_t progress, progress_at;
};

static bool is_counted(const struct run *run) { return run->options.count > 0; }

static void open_all(struct run *run) {
  const struct options *options = &run->options;
  topology_declare(options, run->product, run->version);
  uint32_t publishers = options->publishers > 0 ? options->publishers : 1;
  uint32_t orders = options->priorities > 0 ? options->priorities : options->queues;
  uint64_t *next_numbers = allocate((size_t)orders * publishers * sizeof *next_numbers);
  run->publishers = allocate(options->publishers * sizeof *run->publishers + 1);
  run->consumers = allocate(options->consumers * sizeof *run->consumers + 1);
  for (uint32_t i = 0; i < options->publishers; i++) {
    run->publishers[i] = (struct publisher){
        .index = i, .window = &run->window, .tally = &run->tally, .confirm_latency = &run->confirm_latency};
    connection_open(&run->publishers[i].connection, options);
  }
  for (uint32_t i = 0; i < options->consumers; i++) {
    run->consumers[i] = (struct consumer){.index = i, .window = &run->window, .tally = &run->tally,
        .next_numbers = next_numbers, .delivery_latency = &run->delivery_latency};
    connection_open(&run->consumers[i].connection, options);
  }
}

static void activate(struct loop *loop, struct endpoint *endpoint) {
  if (endpoint->is_active) return;
  endpoint->is_active = true;
  loop->active[loop->active_count++] = endpoint;
}

static void watch(struct loop *loop, struct endpoint *endpoint) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = endpoint};
  if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, endpoint->connection->fd, &event) != 0)
    fail("epoll: %s", strerror(errno));
  activate(loop, endpoint);
}

static struct counts snapshot(const struct run *run) {
  return (struct counts){
      .at = now_ns(),
      .tally = run->tally,
      .usage = usage_now(run->options.broker_pid),
  };
}

static void start_all(struct loop *loop) {
  struct run *run = loop->run;
  const struct options *options = &run->options;
  uint32_t count = options->publishers + options->consumers;
  loop->endpoints = allocate(count * sizeof *loop->endpoints);
  loop->active = allocate(count * sizeof *loop->active);
  for (uint32_t i = 0; i < options->consumers; i++) {
    struct endpoint *endpoint = &loop->endpoints[options->publishers + i];
    consumer_start(&run->consumers[i], options);
    *endpoint = (struct endpoint){.consumer = &run->consumers[i], .connection = &run->consumers[i].connection};
    watch(loop, endpoint);
  }
  for (uint32_t i = 0; i < options->publishers; i++) {
    struct endpoint *endpoint = &loop->endpoints[i];
    uint64_t share = options->count / options->publishers + (i < options->count % options->publishers);
    publisher_start(&run->publishers[i], options, is_counted(run) ? share : UINT64_MAX);
    *endpoint = (struct endpoint){.publisher = &run->publishers[i], .connection = &run->publishers[i].connection};
    watch(loop, endpoint);
  }
  run->start = snapshot(run);
  loop->start = now_ns();
  for (uint32_t i = 0; i < options->publishers && options->rate > 0; i++)
    publisher_schedule(&run->publishers[i], loop->start);
}

static bool are_publishers_drained(const struct run *run) {
  for (uint32_t i = 0; i < run->options.publishers; i++)
    if (!publisher_is_drained(&run->publishers[i])) return false;
  return true;
}

/* What --count counts: deliveries if anybody consumes, else answered publishes, else messages sent. */
static uint64_t finished(const struct run *run) {
  const struct tally *tally = &run->tally;
  if (run->options.consumers > 0) return tally->delivered;
  return run->options.outstanding > 0 ? tally->confirmed + tally->nacked : tally->sent;
}

static bool is_window_due(const struct loop *loop, uint64_t now) {
  const struct run *run = loop->run;
  if (is_counted(run)) return finished(run) >= run->options.warmup_count;
  return now >= loop->start + (uint64_t)(run->options.warmup * 1e9);
}

static bool is_window_over(const struct run *run, uint64_t now) {
  if (is_counted(run)) return finished(run) >= run->options.count;
  return now >= run->window.start + (uint64_t)(run->options.seconds * 1e9);
}

/* Opens and closes the window. */
static void keep_window(struct loop *loop, uint64_t now) {
  struct run *run = loop->run;
  if (run->window.start == UINT64_MAX && is_window_due(loop, now)) {
    run->before = snapshot(run);
    run->window.start = now;
  }
  if (run->window.start == UINT64_MAX || loop->is_over) return;
  if (!is_window_over(run, now)) return;
  run->after = snapshot(run);
  run->window.end = now;
  loop->is_over = true;
}

/* After the window an open loop waits for every delivery too, so that no late one goes uncounted. */
static bool is_done(const struct loop *loop) {
  const struct run *run = loop->run;
  if (!loop->is_over || !are_publishers_drained(run)) return false;
  bool awaits_deliveries = run->options.rate > 0 && run->options.consumers > 0 && run->options.publishers > 0;
  if (!awaits_deliveries) return true;
  uint64_t copies = run->options.routing == ROUTING_FANOUT ? run->options.queues : 1;
  return run->tally.delivered >= run->tally.sent * copies;
}

static void check_progress(struct loop *loop, uint64_t now) {
  const struct tally *tally = &loop->run->tally;
  uint64_t progress = tally->sent + tally->confirmed + tally->delivered;
  if (progress != loop->progress) {
    loop->progress = progress;
    loop->progress_at = now;
  }
  if (now - loop->progress_at > STALL_SECONDS * 1000000000ull) fail("nothing moved for %d s", STALL_SECONDS);
}

/* Returns whether the endpoint can go on without waiting for news. */
static bool advance(struct loop *loop, struct endpoint *endpoint, uint64_t now) {
  if (endpoint->consumer != NULL) {
    if (endpoint->connection->readable) consumer_read(endpoint->consumer);
    else connection_flush(endpoint->connection);
    return endpoint->connection->readable;
  }
  if (endpoint->connection->readable) publisher_read(endpoint->publisher);
  publisher_advance(endpoint->publisher, now, loop->is_over);
  return publisher_is_ready(endpoint->publisher, now, loop->is_over);
}

/* One pass over the connections with work. Returns whether any of them can go on at once. */
static bool advance_active(struct loop *loop, uint64_t now) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < loop->active_count; i++) {
    struct endpoint *endpoint = loop->active[i];
    endpoint->is_active = advance(loop, endpoint, now);
    if (endpoint->is_active) loop->active[kept++] = endpoint;
  }
  loop->active_count = kept;
  return kept > 0;
}

static uint64_t due_at(const struct loop *loop, uint64_t message) {
  return loop->start + (uint64_t)((double)message * 1e9 / loop->run->options.rate);
}

/* Wakes the publishers whose next message is due; none is after the window. */
static void keep_schedule(struct loop *loop, uint64_t now) {
  const struct options *options = &loop->run->options;
  if (options->rate == 0 || options->publishers == 0) return;
  uint64_t end = loop->run->window.end;
  uint64_t until = now < end ? now : end;
  for (; due_at(loop, loop->scheduled) <= until; loop->scheduled++)
    activate(loop, &loop->endpoints[loop->scheduled % options->publishers]);
}

static uint64_t next_due(const struct loop *loop, uint64_t now) {
  const struct options *options = &loop->run->options;
  uint64_t often_enough = now + 20000000; /* to see the edges of the window */
  if (options->rate == 0 || options->publishers == 0 || loop->is_over) return often_enough;
  uint64_t due = due_at(loop, loop->scheduled);
  return due < often_enough ? due : often_enough;
}

static void wait_for_events(struct loop *loop, uint64_t timeout) {
  struct epoll_event events[EVENTS_MAX];
  struct timespec wait = {.tv_sec = (time_t)(timeout / 1000000000), .tv_nsec = (long)(timeout % 1000000000)};
  int count = epoll_pwait2(loop->epoll, events, EVENTS_MAX, &wait, NULL);
  if (count < 0 && errno != EINTR) fail("epoll: %s", strerror(errno));
  for (int i = 0; i < count; i++) {
    struct endpoint *endpoint = events[i].data.ptr;
    if (events[i].events & ~(uint32_t)EPOLLOUT) endpoint->connection->readable = true;
    if (events[i].events & EPOLLOUT) endpoint->connection->writable = true;
    activate(loop, endpoint);
  }
}

static void drive(struct loop *loop) {
  loop->progress_at = loop->start;
  for (;;) {
    uint64_t now = now_ns();
    keep_window(loop, now);
    keep_schedule(loop, now);
    bool is_ready = advance_active(loop, now);
    if (is_done(loop)) break;
    check_progress(loop, now);
    uint64_t due = is_ready ? 0 : next_due(loop, now);
    now = is_ready ? 0 : now_ns();
    wait_for_events(loop, due > now ? due - now : 0);
  }
  loop->run->drained = snapshot(loop->run);
}

/* Without confirms only the answer to channel.close tells that the broker has taken all publishes. */
static void settle_all(struct run *run) {
  bool is_unconfirmed = run->options.publishers > 0 && run->options.outstanding == 0;
  for (uint32_t i = 0; i < run->options.publishers; i++) connection_settle(&run->publishers[i].connection);
  for (uint32_t i = 0; i < run->options.consumers; i++) {
    consumer_ack_rest(&run->consumers[i]);
    connection_settle(&run->consumers[i].connection);
  }
  run->total = snapshot(run);
  run->settle_seconds = (double)(run->total.at - run->after.at) / 1e9;
  if (is_unconfirmed) run->after = run->total;
  for (uint32_t i = 0; i < run->options.publishers; i++) connection_close(&run->publishers[i].connection);
  for (uint32_t i = 0; i < run->options.consumers; i++) connection_close(&run->consumers[i].connection);
}

void run_all(struct run *run) {
  prctl(PR_SET_TIMERSLACK, 1ul); /* the default of 50 µs would show in the latencies */
  run->window = (struct window){.start = UINT64_MAX, .end = UINT64_MAX};
  struct loop loop = {.run = run, .epoll = epoll_create1(0)};
  open_all(run);
  start_all(&loop);
  drive(&loop);
  settle_all(run);
}
