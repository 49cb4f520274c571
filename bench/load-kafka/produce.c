#define _GNU_SOURCE
#include "produce.h"

#include <errno.h>

#include "../load-common/program.h"
#include "client.h"

enum { BURST = 500, IDLE_WAIT_MS = 10, EVENT_RECORDS = 1024 };

void producer_open(struct producer *producer, const struct options *options, const struct window *window) {
  producer->options = options;
  producer->window = window;
  producer->client = client_new_producer(options);
  producer->events = rd_kafka_queue_get_main(producer->client);
  client_create_topic(producer->client, options);
  producer->topic = rd_kafka_topic_new(producer->client, options->topic, NULL);
  producer->numbers = allocate(options->partitions * sizeof *producer->numbers);
  producer->last_offsets = allocate(options->partitions * sizeof *producer->last_offsets);
  for (uint32_t p = 0; p < options->partitions; p++) producer->last_offsets[p] = -1;
  payloads_make(&producer->payloads, options->size);
}

void producer_schedule(struct producer *producer, uint64_t start) { producer->schedule_start = start; }

static uint64_t due_at(const struct producer *producer, uint64_t record) {
  return producer->schedule_start + (uint64_t)((double)record * 1e9 / producer->options->rate);
}

static bool is_open_loop(const struct producer *producer) { return producer->options->rate > 0; }

/* Due in the window, though the window has closed: left out, a stall would not be seen in full. */
static bool is_owed(const struct producer *producer) {
  bool is_closed = producer->window->end != UINT64_MAX && producer->options->count == 0;
  return is_closed && is_open_loop(producer) && due_at(producer, producer->sent) < producer->window->end;
}

static bool may_send(const struct producer *producer, uint64_t now) {
  const struct options *options = producer->options;
  if (options->count > 0 && producer->sent == options->count) return false;
  if (is_open_loop(producer)) return due_at(producer, producer->sent) <= now;
  return producer->sent - producer->acked - producer->failed < options->outstanding;
}

/* The stamp travels in the record, and beside it for the acknowledgement. */
static void send_one(struct producer *producer, uint64_t stamp) {
  int32_t partition = (int32_t)(producer->sent % producer->options->partitions);
  void *value = payloads_take(&producer->payloads, stamp, producer->numbers[partition]);
  while (rd_kafka_produce(producer->topic, partition, RD_KAFKA_MSG_F_COPY, value,
                          producer->options->size, NULL, 0, (void *)(uintptr_t)stamp) != 0) {
    /* The schedule goes on meanwhile: a record that waits here counts from when it was due. */
    if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
      fail("produce: %s", rd_kafka_err2str(rd_kafka_last_error()));
    rd_kafka_flush(producer->client, 1);
  }
  producer->numbers[partition]++;
  producer->sent++;
}

static void on_ack(struct producer *producer, const rd_kafka_message_t *record, uint64_t now) {
  uint64_t stamp = (uintptr_t)record->_private;
  if (record->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    producer->failed++;
    if (producer->first_error == 0) producer->first_error = record->err;
    return;
  }
  producer->acked++;
  bool has_offset = record->offset >= 0 && producer->options->acks[0] != '0';
  if (has_offset && record->offset <= producer->last_offsets[record->partition]) producer->misplaced++;
  producer->last_offsets[record->partition] = record->offset;
  if (window_has(producer->window, stamp)) histogram_record(&producer->ack_latency, now - stamp);
}

static void on_acks(struct producer *producer, rd_kafka_event_t *event) {
  const rd_kafka_message_t *records[EVENT_RECORDS];
  uint64_t now = now_ns();
  for (size_t count; (count = rd_kafka_event_message_array(event, records, EVENT_RECORDS)) > 0;)
    for (size_t i = 0; i < count; i++) on_ack(producer, records[i], now);
}

static void on_event(struct producer *producer, rd_kafka_event_t *event) {
  if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR) on_acks(producer, event);
  else if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
    fail("the broker is gone: %s", rd_kafka_event_error_string(event));
  rd_kafka_event_destroy(event);
}

/* An open loop sleeps itself: librdkafka's own waits are in whole milliseconds. */
static void wait_until_due(const struct producer *producer) {
  uint64_t due = due_at(producer, producer->sent);
  struct timespec time = {.tv_sec = (time_t)(due / 1000000000u), .tv_nsec = (long)(due % 1000000000u)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR) continue;
}

void producer_advance(struct producer *producer, bool is_over) {
  uint64_t now = now_ns();
  uint32_t burst = 0;
  for (; burst < BURST && (is_over ? is_owed(producer) : may_send(producer, now)); burst++)
    send_one(producer, is_open_loop(producer) ? due_at(producer, producer->sent) : now);
  bool waits_for_ack = burst == 0 && (is_over || !is_open_loop(producer));
  int wait_ms = waits_for_ack ? IDLE_WAIT_MS : 0;
  for (rd_kafka_event_t *event; (event = rd_kafka_queue_poll(producer->events, wait_ms)) != NULL;) {
    on_event(producer, event);
    wait_ms = 0;
  }
  bool has_more = producer->options->count == 0 || producer->sent < producer->options->count;
  if (burst == 0 && !is_over && is_open_loop(producer) && has_more) wait_until_due(producer);
}

bool producer_is_drained(const struct producer *producer) {
  return producer->acked + producer->failed == producer->sent && !is_owed(producer);
}

void producer_close(struct producer *producer) {
  rd_kafka_queue_destroy(producer->events);
  rd_kafka_topic_destroy(producer->topic);
  rd_kafka_destroy(producer->client);
}
