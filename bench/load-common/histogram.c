#include "histogram.h"

#include <inttypes.h>
#include <stdio.h>

static uint64_t bucket_upper_edge(uint32_t bucket) {
  if (bucket < 1u << HISTOGRAM_STEPS_LOG2) return bucket;
  uint32_t shift = (bucket >> HISTOGRAM_STEPS_LOG2) - 1;
  uint64_t step = (bucket & ((1u << HISTOGRAM_STEPS_LOG2) - 1)) + (1u << HISTOGRAM_STEPS_LOG2);
  return ((step + 1) << shift) - 1;
}

uint64_t histogram_percentile(const struct histogram *histogram, double share) {
  uint64_t wanted = (uint64_t)((double)histogram->count * share + 0.999999);
  uint64_t seen = 0;
  for (uint32_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
    seen += histogram->buckets[bucket];
    if (seen >= wanted && seen > 0) {
      uint64_t edge = bucket_upper_edge(bucket);
      return edge < histogram->max ? edge : histogram->max;
    }
  }
  return histogram->max;
}

void histogram_print(const struct histogram *histogram) {
  if (histogram->count == 0) {
    printf("null");
    return;
  }
  printf("{\"count\":%" PRIu64 ",\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f}",
         histogram->count, (double)histogram_percentile(histogram, 0.5) / 1e3,
         (double)histogram_percentile(histogram, 0.99) / 1e3,
         (double)histogram_percentile(histogram, 0.999) / 1e3, (double)histogram->max / 1e3);
}
