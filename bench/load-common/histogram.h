/* Latencies in nanoseconds, kept log-linearly: every value is known to within 1 %, at constant cost. */
#ifndef LOAD_HISTOGRAM_H
#define LOAD_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_STEPS_LOG2 = 7, HISTOGRAM_BUCKETS = (64 - HISTOGRAM_STEPS_LOG2 + 1) << HISTOGRAM_STEPS_LOG2 };

struct histogram {
  uint64_t count;
  uint64_t max;
  uint64_t buckets[HISTOGRAM_BUCKETS];
};

/* Values below 128 have a bucket each; above, every power of two is cut into 128 equal steps. */
static inline uint32_t histogram_bucket(uint64_t value) {
  if (value < 1u << HISTOGRAM_STEPS_LOG2) return (uint32_t)value;
  uint32_t shift = 63u - (uint32_t)__builtin_clzll(value) - HISTOGRAM_STEPS_LOG2;
  return ((shift + 1) << HISTOGRAM_STEPS_LOG2) + (uint32_t)(value >> shift) - (1u << HISTOGRAM_STEPS_LOG2);
}

static inline void histogram_record(struct histogram *histogram, uint64_t value) {
  histogram->count++;
  if (value > histogram->max) histogram->max = value;
  histogram->buckets[histogram_bucket(value)]++;
}

/* The smallest value (upper edge of its bucket) that `share` (0..1) of the recorded ones do not exceed. */
uint64_t histogram_percentile(const struct histogram *histogram, double share);

/* Writes {"count":…,"p50_us":…,"p99_us":…,"p999_us":…,"max_us":…} or null when nothing was recorded. */
void histogram_print(const struct histogram *histogram);

#endif
