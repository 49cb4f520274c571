/* What every load program uses: its clock, numbers of its command line, and its way to give up. */
#ifndef LOAD_PROGRAM_H
#define LOAD_PROGRAM_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Prints one line on stderr and ends the program with status 1. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Zeroed memory, or the end of the program. */
void *allocate(size_t size);

/* The number that an option is given. */
double parse_number(const char *text, double least, double most);

/* A thousand connections are more than most shells allow by default. */
void allow_many_files(void);

/* Nanoseconds of the monotonic clock, shared by all processes of the machine. */
static inline uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

#endif
