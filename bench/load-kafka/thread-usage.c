#include "thread-usage.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void thread_usage_read(struct thread_usage *usage) {
  usage->count = 0;
  DIR *folder = opendir("/proc/self/task");
  if (folder == NULL) return;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL && usage->count < THREADS_MAX;) {
    char path[300];
    uint64_t ns;
    int id = atoi(entry->d_name);
    snprintf(path, sizeof path, "/proc/self/task/%s/schedstat", entry->d_name);
    FILE *file = id > 0 ? fopen(path, "r") : NULL;
    if (file == NULL) continue;
    if (fscanf(file, "%" SCNu64, &ns) == 1) {
      usage->ids[usage->count] = id;
      usage->ns[usage->count++] = ns;
    }
    fclose(file);
  }
  closedir(folder);
}

static uint64_t ns_of(const struct thread_usage *usage, int id) {
  for (int i = 0; i < usage->count; i++)
    if (usage->ids[i] == id) return usage->ns[i];
  return 0;
}

uint64_t thread_usage_busiest(const struct thread_usage *before, const struct thread_usage *after) {
  uint64_t most = 0;
  for (int i = 0; i < after->count; i++) {
    uint64_t used = after->ns[i] - ns_of(before, after->ids[i]);
    if (used > most) most = used;
  }
  return most;
}
