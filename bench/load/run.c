#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>

#include "process-usage.h"
#include "wire.h"

enum { STALL_SECONDS = 120, EVENTS_MAX = 64 };

struct loop {
  struct run *run;
  int epoll;
  bool is_over; /* the window has closed: publish no more, wait for what is due */
  uint64_t progress, progress_at;
};

static bool is_counted(const struct run *run) { return run->options.count > 0; }

static void watch(struct loop *loop, struct connection *connection) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = connection};
  if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, connection->fd, &event) != 0) fail("epoll: %s", strerror(errno));
}

static void open_all(struct run *run) {
  const struct options *options = &run->options;
  run->publishers = allocate(options->publishers * sizeof *run->publishers + 1);
  run->consumers = allocate(options->consumers * sizeof *run->consumers + 1);
  struct connection first;
  connection_open(&first, options);
  connection_server(&first, run->product, run->version);
  for (uint32_t i = 0; i < options->queues; i++) {
    char name[256];
    options_queue_name(options, i, name);
    connection_declare_queue(&first, name, options->purge);
  }
  connection_take_over(&first);
  connection_close(&first);
  for (uint32_t i = 0; i < options->publishers; i++) {
    run->publishers[i].window = &run->window;
    run->publishers[i].confirm_latency = &run->confirm_latency;
    connection_open(&run->publishers[i].connection, options);
  }
  for (uint32_t i = 0; i < options->consumers; i++) {
    run->consumers[i].window = &run->window;
    run->consumers[i].delivery_latency = &run->delivery_latency;
    connection_open(&run->consumers[i].connection, options);
  }
}

static void start_all(struct loop *loop) {
  struct run *run = loop->run;
  const struct options *options = &run->options;
  for (uint32_t i = 0; i < options->publishers; i++) {
    uint64_t share = options->count / options->publishers + (i < options->count % options->publishers);
    publisher_start(&run->publishers[i], options, is_counted(run) ? share : UINT64_MAX);
    watch(loop, &run->publishers[i].connection);
  }
  for (uint32_t i = 0; i < options->consumers; i++) {
    consumer_start(&run->consumers[i], options, i % options->queues);
    watch(loop, &run->consumers[i].connection);
  }
  uint64_t start = now_ns();
  for (uint32_t i = 0; i < options->publishers && options->rate > 0; i++)
    publisher_schedule(&run->publishers[i], start, i);
}

static struct counts count_all(const struct run *run) {
  struct counts counts = {.at = now_ns()};
  for (uint32_t i = 0; i < run->options.publishers; i++) {
    counts.sent += publisher_sent(&run->publishers[i]);
    counts.confirmed += run->publishers[i].confirmed;
    counts.nacked += run->publishers[i].nacked;
  }
  for (uint32_t i = 0; i < run->options.consumers; i++) counts.delivered += run->consumers[i].delivered;
  return counts;
}

static struct counts snapshot(const struct run *run) {
  struct counts counts = count_all(run);
  counts.own_cpu = own_cpu_seconds();
  counts.broker_cpu = process_cpu_seconds(run->options.broker_pid);
  return counts;
}

static bool are_publishers_drained(const struct run *run) {
  for (uint32_t i = 0; i < run->options.publishers; i++)
    if (!publisher_is_drained(&run->publishers[i])) return false;
  return true;
}

/* What --count counts: deliveries if anybody consumes, else answered publishes, else messages sent. */
static uint64_t finished(const struct run *run) {
  struct counts counts = count_all(run);
  if (run->options.consumers > 0) return counts.delivered;
  return run->options.outstanding > 0 ? counts.confirmed + counts.nacked : counts.sent;
}

static bool is_window_due(const struct run *run, uint64_t now, uint64_t start) {
  if (is_counted(run)) return finished(run) >= run->options.warmup_count;
  return now >= start + (uint64_t)(run->options.warmup * 1e9);
}

static bool is_window_over(const struct run *run, uint64_t now) {
  if (is_counted(run)) return finished(run) >= run->options.count;
  return now >= run->window.start + (uint64_t)(run->options.seconds * 1e9);
}

/* Opens and closes the window. */
static void keep_window(struct loop *loop, uint64_t now, uint64_t start) {
  struct run *run = loop->run;
  if (run->window.start == UINT64_MAX && is_window_due(run, now, start)) {
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
  struct counts counts = count_all(run);
  return counts.delivered >= counts.sent;
}

static void check_progress(struct loop *loop, uint64_t now) {
  struct counts counts = count_all(loop->run);
  uint64_t progress = counts.sent + counts.confirmed + counts.delivered;
  if (progress != loop->progress) {
    loop->progress = progress;
    loop->progress_at = now;
  }
  if (now - loop->progress_at > STALL_SECONDS * 1000000000ull) fail("nothing moved for %d s", STALL_SECONDS);
}

/* One pass over all connections. Returns whether any of them can go on without waiting. */
static bool advance_all(struct loop *loop, uint64_t now) {
  struct run *run = loop->run;
  bool is_ready = false;
  for (uint32_t i = 0; i < run->options.consumers; i++) {
    struct consumer *consumer = &run->consumers[i];
    if (consumer->connection.readable) consumer_read(consumer);
    else connection_flush(&consumer->connection);
    is_ready |= consumer->connection.readable;
  }
  for (uint32_t i = 0; i < run->options.publishers; i++) {
    struct publisher *publisher = &run->publishers[i];
    if (publisher->connection.readable) publisher_read(publisher);
    publisher_advance(publisher, now, loop->is_over);
    is_ready |= publisher->connection.readable;
  }
  return is_ready;
}

static uint64_t next_due(const struct run *run, uint64_t now) {
  uint64_t due = now + 20000000; /* often enough to see the edges of the window */
  for (uint32_t i = 0; i < run->options.publishers; i++) {
    uint64_t next = publisher_next_due(&run->publishers[i]);
    if (next < due) due = next;
  }
  return due;
}

static void wait_for_events(struct loop *loop, uint64_t timeout) {
  struct epoll_event events[EVENTS_MAX];
  struct timespec wait = {.tv_sec = (time_t)(timeout / 1000000000), .tv_nsec = (long)(timeout % 1000000000)};
  int count = epoll_pwait2(loop->epoll, events, EVENTS_MAX, &wait, NULL);
  if (count < 0 && errno != EINTR) fail("epoll: %s", strerror(errno));
  for (int i = 0; i < count; i++) {
    struct connection *connection = events[i].data.ptr;
    if (events[i].events & ~(uint32_t)EPOLLOUT) connection->readable = true;
    if (events[i].events & EPOLLOUT) connection->writable = true;
  }
}

static void drive(struct loop *loop) {
  uint64_t start = now_ns();
  loop->progress_at = start;
  for (;;) {
    uint64_t now = now_ns();
    keep_window(loop, now, start);
    bool is_ready = advance_all(loop, now);
    if (is_done(loop)) return;
    check_progress(loop, now);
    uint64_t due = is_ready ? 0 : next_due(loop->run, now);
    now = is_ready ? 0 : now_ns();
    wait_for_events(loop, due > now ? due - now : 0);
  }
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
