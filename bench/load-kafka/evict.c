#define _GNU_SOURCE
#include "evict.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../load-common/program.h"


enum { OPEN_FOLDERS_MAX = 16 };

static uint64_t files, bytes, resident;

static uint64_t resident_bytes(int fd, size_t size) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = (size + page - 1) / page;
  void *map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) return 0;
  unsigned char *flags = allocate(pages);
  uint64_t count = 0;
  if (mincore(map, size, flags) == 0)
    for (size_t i = 0; i < pages; i++) count += flags[i] & 1;
  free(flags);
  munmap(map, size);
  return count * page;
}

static int evict_file(const char *path, const struct stat *status, int type, struct FTW *place) {
  (void)place;
  if (type != FTW_F || status->st_size == 0) return 0;
  int fd = open(path, O_RDONLY);
  if (fd < 0 && errno == ENOENT) return 0;
  if (fd < 0) fail("evict %s: %s", path, strerror(errno));
  /* Dirty pages would stay. */
  fdatasync(fd);
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  resident += resident_bytes(fd, (size_t)status->st_size);
  bytes += (uint64_t)status->st_size;
  files++;
  close(fd);
  return 0;
}

void evict_folder(const char *folder) {
  if (nftw(folder, evict_file, OPEN_FOLDERS_MAX, FTW_PHYS) != 0) fail("evict %s: %s", folder, strerror(errno));
  printf("{\"files\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"resident_bytes\":%" PRIu64 "}\n", files, bytes, resident);
}
