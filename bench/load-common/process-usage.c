#include "process-usage.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static double seconds(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec / 1e6; }

static double own_cpu_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

static double process_cpu_seconds(int pid) {
  char path[64], line[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *file = pid > 0 ? fopen(path, "r") : NULL;
  if (file == NULL) return 0;
  size_t size = fread(line, 1, sizeof line - 1, file);
  fclose(file);
  line[size] = '\0';
  /* The name in parentheses may hold blanks; fields 14 and 15 are counted from behind it. */
  const char *at = strrchr(line, ')');
  unsigned long user = 0, system = 0;
  if (at == NULL || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
    return 0;
  return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static double stolen_cpu_seconds(void) {
  FILE *file = fopen("/proc/stat", "r");
  if (file == NULL) return 0;
  unsigned long stolen = 0;
  int fields = fscanf(file, "cpu %*u %*u %*u %*u %*u %*u %*u %lu", &stolen);
  fclose(file);
  return fields == 1 ? (double)stolen / (double)sysconf(_SC_CLK_TCK) : 0;
}

struct usage usage_now(int broker_pid) {
  return (struct usage){
      .own = own_cpu_seconds(), .broker = process_cpu_seconds(broker_pid), .stolen = stolen_cpu_seconds()};
}

struct usage usage_between(struct usage before, struct usage after) {
  return (struct usage){
      .own = after.own - before.own, .broker = after.broker - before.broker, .stolen = after.stolen - before.stolen};
}

void usage_print(struct usage used) {
  printf("\"client_cpu_seconds\":%.4f,\"broker_cpu_seconds\":%.4f,\"stolen_cpu_seconds\":%.4f", used.own, used.broker,
         used.stolen);
}
