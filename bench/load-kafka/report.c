#include <inttypes.h>
#include <stdio.h>

#include "../load-common/program.h"
#include "run.h"

static void merge(struct histogram *into, const struct histogram *from) {
  into->count += from->count;
  if (from->max > into->max) into->max = from->max;
  for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) into->buckets[i] += from->buckets[i];
}

static void print_usage(const struct counts *before, const struct counts *after, double seconds) {
  double busiest = (double)thread_usage_busiest(&before->threads, &after->threads) / 1e9;
  printf(",\"client_cpu_share\":%.3f,", busiest / seconds);
  usage_print(usage_between(before->usage, after->usage));
}

static void check(const struct run *run, uint64_t out_of_order) {
  const struct producer *producer = &run->producer;
  if (producer->failed > 0)
    fail("%" PRIu64 " records refused: %s", producer->failed, rd_kafka_err2str(producer->first_error));
  if (producer->misplaced > 0) fail("%" PRIu64 " records got an offset below an earlier one", producer->misplaced);
  if (out_of_order > 0) fail("%" PRIu64 " records came out of order", out_of_order);
  if (run->options.produces && run->topic_end < producer->acked)
    fail("%" PRIu64 " of %" PRIu64 " acknowledged records are in the topic", run->topic_end, producer->acked);
  if (run->options.produces && run->options.consumes && run->consumed != producer->acked)
    fail("%" PRIu64 " of %" PRIu64 " acknowledged records were consumed", run->consumed, producer->acked);
}

void run_print(const struct run *run) {
  static struct histogram delivery_latency;
  const struct counts *before = &run->before, *after = &run->after;
  double seconds = (double)(after->at - before->at) / 1e9;
  uint64_t acked = after->acked - before->acked, consumed = after->consumed - before->consumed;
  uint64_t out_of_order = 0;
  for (uint32_t i = 0; i < run->consumer_count; i++) {
    out_of_order += run->consumers[i].out_of_order;
    merge(&delivery_latency, &run->consumers[i].delivery_latency);
  }
  check(run, out_of_order);
  printf("{\"client\":\"librdkafka %s\",\"seconds\":%.3f", rd_kafka_version_str(), seconds);
  printf(",\"produced\":%" PRIu64 ",\"consumed\":%" PRIu64, acked, consumed);
  printf(",\"produce_rate\":%.1f,\"consume_rate\":%.1f", (double)acked / seconds, (double)consumed / seconds);
  printf(",\"settle_seconds\":%.3f", run->settle_seconds);
  print_usage(before, after, seconds);
  printf(",\"ack_latency\":");
  histogram_print(&run->producer.ack_latency);
  printf(",\"delivery_latency\":");
  histogram_print(&delivery_latency);
  printf(",\"total\":{\"sent\":%" PRIu64 ",\"acked\":%" PRIu64 ",\"consumed\":%" PRIu64 "}}\n",
         run->producer.sent, (uint64_t)run->producer.acked, (uint64_t)run->consumed);
}
