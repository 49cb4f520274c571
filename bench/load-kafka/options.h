/* The command line. One struct, read once, never changed afterwards. */
#ifndef LOAD_KAFKA_OPTIONS_H
#define LOAD_KAFKA_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum { SETTINGS_MAX = 16 };

struct options {
  bool produces, consumes, evicts, probes;
  const char *host;
  int port;
  const char *tls_ca;      /* file that vouches for the broker's certificate; NULL = no TLS */
  const char *topic;       /* created with `partitions` when missing */
  uint32_t partitions;
  uint32_t size;           /* value bytes; at least 16, which carry the time stamp and the number */
  const char *acks;        /* -1 = all, 1, 0 */
  const char *compression; /* none, lz4, zstd, gzip, snappy */
  const char *linger_ms, *batch_size; /* librdkafka's linger.ms and batch.size */
  uint32_t outstanding;    /* unacknowledged records at most; also in an open loop */
  double rate;             /* open loop: records a second on a fixed schedule; 0 = flat out */
  uint32_t members;        /* consumers that share a group; 0 = one without a group */
  uint64_t count;          /* end after so many records, instead of after `seconds` */
  uint64_t warmup_count;   /* with `count`: so many records come before the measured window */
  double warmup;           /* seconds before the measured window, without `count` */
  double seconds;          /* length of the measured window */
  int broker_pid;          /* whose CPU time to read from /proc; 0 = none */
  const char *folder;      /* evict: whose files leave the page cache */
  uint32_t setting_count;  /* further librdkafka settings, name=value */
  char *settings[SETTINGS_MAX];
};

void options_parse(struct options *options, int argc, char **argv);

#endif
