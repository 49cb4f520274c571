#include <inttypes.h>
#include <stdio.h>

#include "run.h"

static void print_counts(const struct run *run) {
  uint64_t out_of_order = 0, blocked = 0;
  for (uint32_t i = 0; i < run->options.publishers; i++)
    blocked += run->publishers[i].connection.blocked_count;
  for (uint32_t i = 0; i < run->options.consumers; i++) out_of_order += run->consumers[i].out_of_order;
  printf("\"total\":{\"sent\":%" PRIu64 ",\"confirmed\":%" PRIu64 ",\"nacked\":%" PRIu64
         ",\"delivered\":%" PRIu64 ",\"out_of_order\":%" PRIu64 ",\"blocked\":%" PRIu64 "}",
         run->total.tally.sent, run->total.tally.confirmed, run->total.tally.nacked, run->total.tally.delivered, out_of_order, blocked);
}

void run_print(const struct run *run) {
  const struct counts *before = &run->before, *after = &run->after;
  double seconds = (double)(after->at - before->at) / 1e9;
  uint64_t sent = after->tally.sent - before->tally.sent;
  uint64_t confirmed = after->tally.confirmed - before->tally.confirmed;
  uint64_t delivered = after->tally.delivered - before->tally.delivered;
  uint64_t published = run->options.outstanding > 0 ? confirmed : sent;
  printf("{\"server\":{\"product\":\"%s\",\"version\":\"%s\"},\"seconds\":%.3f", run->product, run->version,
         seconds);
  /* On the machine's monotonic clock, so that a profile of the broker can be cut to it. */
  printf(",\"window\":{\"start_us\":%" PRIu64 ",\"end_us\":%" PRIu64 "}", before->at / 1000, after->at / 1000);
  printf(",\"published\":%" PRIu64 ",\"delivered\":%" PRIu64, published, delivered);
  printf(",\"publish_rate\":%.1f,\"deliver_rate\":%.1f", (double)published / seconds,
         (double)delivered / seconds);
  printf(",\"settle_seconds\":%.3f", run->settle_seconds);
  struct usage used = usage_between(before->usage, after->usage);
  printf(",\"client_cpu_share\":%.3f,", used.own / seconds);
  usage_print(used);
  printf(",\"whole_broker_cpu_seconds\":%.3f", run->drained.usage.broker - run->start.usage.broker);
  printf(",\"confirm_latency\":");
  histogram_print(&run->confirm_latency);
  printf(",\"delivery_latency\":");
  histogram_print(&run->delivery_latency);
  printf(",");
  print_counts(run);
  printf("}\n");
}
