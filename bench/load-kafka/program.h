/* What every part of the program uses: its clock, and its way to give up. */
#ifndef LOAD_KAFKA_PROGRAM_H
#define LOAD_KAFKA_PROGRAM_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Prints one line to stderr and ends the program with 1. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Zeroed memory, or the end of the program. */
void *allocate(size_t size);

static inline uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

#endif
