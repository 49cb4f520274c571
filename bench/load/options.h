/* The command line. One struct, read once, never changed afterwards. */
#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct options {
  const char *host, *user, *password, *vhost;
  int port;
  const char *queue;    /* name, or with more than one queue the prefix of the names */
  uint32_t queues;      /* messages go round-robin over them; consumer i reads queue i modulo queues */
  bool purge;           /* empty the queues before the run */
  bool depth_only;      /* print how many messages wait, and end */
  uint32_t publishers;  /* connections that publish */
  uint32_t consumers;   /* connections that consume */
  uint32_t size;        /* body bytes; at least 16, which carry the time stamp and the number */
  bool persistent;      /* delivery mode 2 */
  uint32_t outstanding; /* unconfirmed publishes per connection; 0 publishes without confirms */
  double rate;          /* messages a second over all publishers on a fixed schedule; 0 = flat out */
  uint32_t prefetch;    /* basic.qos per consumer; 0 = no limit */
  uint32_t ack_every;   /* 1 = one basic.ack a message; n = multiple=1 every n; 0 = no-ack */
  uint64_t count;       /* end after so many messages, instead of after `seconds` */
  uint64_t warmup_count; /* with `count`: so many messages come before the measured window */
  double warmup;        /* seconds before the measured window, without `count` */
  double seconds;       /* length of the measured window */
  int broker_pid;       /* whose CPU time to read from /proc; 0 = none */
};

void options_parse(struct options *options, int argc, char **argv);

/* The name of queue `index`; all names of a run have one length. `name` holds 256 bytes. */
void options_queue_name(const struct options *options, uint32_t index, char *name);

#endif
