/* The command line. One struct, read once, never changed afterwards. */
#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum routing {
  ROUTING_TURNS,  /* by queue name, each publisher to all queues in turn */
  ROUTING_PINNED, /* by queue name, publisher i to queue i modulo queues only */
  ROUTING_FANOUT, /* a fanout exchange copies every message into every queue */
  ROUTING_TOPIC,  /* a topic exchange with `bindings` patterns, of which one matches a message */
};

struct options {
  const char *host, *user, *password, *vhost;
  int port;
  const char *tls_ca;   /* file that vouches for the broker's certificate; NULL = no TLS */
  const char *queue;    /* name, or with more than one queue the prefix of the names */
  uint32_t queues;      /* consumer i of n reads queue i modulo queues, and every n-th after it */
  enum routing routing; /* how messages get into the queues */
  uint32_t bindings;    /* of the topic exchange, dealt out over the queues */
  uint32_t rejected;    /* queues on the way to the queue, in each of which the consumer rejects all */
  uint32_t expired;     /* the same, in each of which a message stays until its time is over */
  uint32_t ttl_ms;      /* that time; 0 expires as soon as it is there */
  uint32_t delay_ms;    /* x-delay of every message, through a delayed exchange; 0 = none */
  uint32_t priorities;  /* x-max-priority of the queue + 1; messages have them in turn; 0 = none */
  bool purge;           /* empty the queues before the run */
  bool depth_only;      /* print how many messages wait, and end */
  bool declare_only;    /* declare everything, print how long it took, and end */
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

/* How many queues a message goes through as a dead letter before it is in the queue. */
static inline uint32_t options_hops(const struct options *options) {
  return options->rejected > 0 ? options->rejected : options->expired;
}

/* The name of hop `index`, or after the last one that of the queue. `name` holds 256 bytes. */
void options_hop_name(const struct options *options, uint32_t index, char *name);

/* The exchange to publish to; empty where queues are addressed by name. `name` holds 256 bytes. */
void options_exchange_name(const struct options *options, char *name);

/* The name of queue `index`; all names of a run have one length. `name` holds 256 bytes. */
void options_queue_name(const struct options *options, uint32_t index, char *name);

#endif
