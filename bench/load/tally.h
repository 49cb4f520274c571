/* What all connections of a run have done so far, counted where it happens. */
#ifndef LOAD_TALLY_H
#define LOAD_TALLY_H

#include <stdint.h>

struct tally {
  uint64_t sent;      /* messages of which every byte was written */
  uint64_t confirmed;
  uint64_t nacked;
  uint64_t delivered;
};

#endif
