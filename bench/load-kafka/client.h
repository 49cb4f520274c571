/* librdkafka's clients as this program needs them. */
#ifndef LOAD_KAFKA_CLIENT_H
#define LOAD_KAFKA_CLIENT_H

#include <librdkafka/rdkafka.h>

#include "options.h"

/* A client that reports deliveries and errors as events on its main queue. */
rd_kafka_t *client_new_producer(const struct options *options);

/* A client that is a member of the run's group, or alone with `assign`. */
rd_kafka_t *client_new_consumer(const struct options *options);

/* Creates the topic when it is missing and waits until the broker serves each partition. */
void client_create_topic(rd_kafka_t *client, const struct options *options);

/* End offsets of all partitions of the topic together, as the broker says. */
uint64_t client_topic_end(rd_kafka_t *client, const struct options *options);

#endif
