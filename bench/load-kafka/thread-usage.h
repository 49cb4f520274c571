/* CPU time of this program's threads, to see which one, if any, is the limit. */
#ifndef LOAD_KAFKA_THREAD_USAGE_H
#define LOAD_KAFKA_THREAD_USAGE_H

#include <stdint.h>

enum { THREADS_MAX = 1024 };

struct thread_usage {
  int count;
  int ids[THREADS_MAX];
  uint64_t ns[THREADS_MAX]; /* on a CPU since its start */
};

void thread_usage_read(struct thread_usage *usage);

/* Most CPU nanoseconds that one thread used between the two readings. */
uint64_t thread_usage_busiest(const struct thread_usage *before, const struct thread_usage *after);

#endif
