#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../load-common/program.h"


enum { ANSWER_MS = 30000, LEADER_POLL_US = 50000, LEADER_POLLS_MAX = 600 };

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
  char error[256];
  if (rd_kafka_conf_set(conf, name, value, error, sizeof error) != RD_KAFKA_CONF_OK) fail("%s", error);
}

static rd_kafka_conf_t *new_conf(const struct options *options) {
  char servers[300];
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  snprintf(servers, sizeof servers, "%s:%d", options->host, options->port);
  set(conf, "bootstrap.servers", servers);
  set(conf, "client.id", "load-kafka");
  if (options->tls_ca == NULL) return conf;
  set(conf, "security.protocol", "ssl");
  set(conf, "ssl.ca.location", options->tls_ca);
  return conf;
}

/* Last, so that they win. */
static void apply_settings(rd_kafka_conf_t *conf, const struct options *options) {
  for (uint32_t i = 0; i < options->setting_count; i++) {
    char name[256];
    const char *equals = strchr(options->settings[i], '=');
    snprintf(name, sizeof name, "%.*s", (int)(equals - options->settings[i]), options->settings[i]);
    set(conf, name, equals + 1);
  }
}

static rd_kafka_t *new_client(rd_kafka_type_t type, rd_kafka_conf_t *conf) {
  char error[512];
  rd_kafka_t *client = rd_kafka_new(type, conf, error, sizeof error);
  if (client == NULL) fail("%s", error);
  return client;
}

rd_kafka_t *client_new_producer(const struct options *options) {
  rd_kafka_conf_t *conf = new_conf(options);
  set(conf, "acks", options->acks);
  set(conf, "compression.codec", options->compression);
  set(conf, "linger.ms", options->linger_ms);
  set(conf, "batch.size", options->batch_size);
  set(conf, "queue.buffering.max.messages", "10000000");
  rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
  apply_settings(conf, options);
  return new_client(RD_KAFKA_PRODUCER, conf);
}

rd_kafka_t *client_new_consumer(const struct options *options) {
  rd_kafka_conf_t *conf = new_conf(options);
  set(conf, "group.id", "load");
  set(conf, "auto.offset.reset", "earliest");
  if (options->members == 0) set(conf, "enable.auto.commit", "false");
  apply_settings(conf, options);
  rd_kafka_t *client = new_client(RD_KAFKA_CONSUMER, conf);
  rd_kafka_poll_set_consumer(client);
  return client;
}

/* Partitions of the topic with a leader, as one Metadata answer says. */
static uint32_t count_leaders(rd_kafka_t *client, const char *name) {
  const struct rd_kafka_metadata *metadata;
  rd_kafka_topic_t *topic = rd_kafka_topic_new(client, name, NULL);
  uint32_t leaders = 0;
  if (rd_kafka_metadata(client, 0, topic, &metadata, ANSWER_MS) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    for (int t = 0; t < metadata->topic_cnt; t++)
      for (int p = 0; p < metadata->topics[t].partition_cnt; p++)
        leaders += metadata->topics[t].partitions[p].leader >= 0;
    rd_kafka_metadata_destroy(metadata);
  }
  rd_kafka_topic_destroy(topic);
  return leaders;
}

/* A broker may name a leader before it serves the partition; a first record that must be tried again
   would be overtaken by the second. */
static void expect_served(rd_kafka_t *client, const struct options *options, int32_t partition) {
  int64_t low, high;
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  for (int i = 0; i < LEADER_POLLS_MAX; i++) {
    error = rd_kafka_query_watermark_offsets(client, options->topic, partition, &low, &high, ANSWER_MS);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    usleep(LEADER_POLL_US);
  }
  fail("topic %s, partition %d: %s", options->topic, partition, rd_kafka_err2str(error));
}

static void check_created(rd_kafka_event_t *event) {
  size_t count = 0;
  const rd_kafka_CreateTopics_result_t *result = rd_kafka_event_CreateTopics_result(event);
  if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR || result == NULL)
    fail("CreateTopics: %s", rd_kafka_event_error_string(event));
  const rd_kafka_topic_result_t **topics = rd_kafka_CreateTopics_result_topics(result, &count);
  for (size_t i = 0; i < count; i++) {
    rd_kafka_resp_err_t error = rd_kafka_topic_result_error(topics[i]);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR && error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
      fail("CreateTopics: %s", rd_kafka_err2str(error));
  }
}

void client_create_topic(rd_kafka_t *client, const struct options *options) {
  char error[256];
  rd_kafka_NewTopic_t *topic =
      rd_kafka_NewTopic_new(options->topic, (int)options->partitions, -1, error, sizeof error);
  if (topic == NULL) fail("%s", error);
  rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
  rd_kafka_CreateTopics(client, &topic, 1, NULL, queue);
  rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 2 * ANSWER_MS);
  if (event == NULL) fail("CreateTopics: no answer");
  check_created(event);
  rd_kafka_event_destroy(event);
  rd_kafka_queue_destroy(queue);
  rd_kafka_NewTopic_destroy(topic);
  for (int i = 0; count_leaders(client, options->topic) < options->partitions; i++) {
    if (i == LEADER_POLLS_MAX) fail("topic %s has no leader", options->topic);
    usleep(LEADER_POLL_US);
  }
  for (uint32_t p = 0; p < options->partitions; p++) expect_served(client, options, (int32_t)p);
}

uint64_t client_topic_end(rd_kafka_t *client, const struct options *options) {
  uint64_t end = 0;
  for (uint32_t p = 0; p < options->partitions; p++) {
    int64_t low, high;
    rd_kafka_resp_err_t error =
        rd_kafka_query_watermark_offsets(client, options->topic, (int32_t)p, &low, &high, ANSWER_MS);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail("ListOffsets: %s", rd_kafka_err2str(error));
    end += (uint64_t)high;
  }
  return end;
}
