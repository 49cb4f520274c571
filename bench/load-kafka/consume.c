#include "consume.h"

#include <stdlib.h>

#include "../load-common/program.h"
#include "client.h"
#include "payload.h"

enum { BATCH = 2000, POLL_MS = 50 };

static rd_kafka_topic_partition_list_t *all_partitions(const struct options *options) {
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)options->partitions);
  for (uint32_t p = 0; p < options->partitions; p++)
    rd_kafka_topic_partition_list_add(list, options->topic, (int32_t)p)->offset = RD_KAFKA_OFFSET_BEGINNING;
  return list;
}

/* Without a group it takes all partitions from their start; a member takes what it is given. */
static void begin(struct consumer *consumer) {
  const struct options *options = consumer->options;
  rd_kafka_topic_partition_list_t *list;
  if (options->members == 0) {
    list = all_partitions(options);
    rd_kafka_assign(consumer->client, list);
  } else {
    list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, options->topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_subscribe(consumer->client, list);
  }
  rd_kafka_topic_partition_list_destroy(list);
}

static void on_record(struct consumer *consumer, const rd_kafka_message_t *record, uint64_t now) {
  if (record->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return;
  if (record->err != RD_KAFKA_RESP_ERR_NO_ERROR) fail("consume: %s", rd_kafka_message_errstr(record));
  if (record->len < PAYLOAD_HEAD) fail("consume: a record of %zu bytes came", record->len);
  struct payload_head head = payload_read(record->payload);
  struct partition_reader *reader = &consumer->partitions[record->partition];
  if (head.number != reader->next_number) consumer->out_of_order++;
  reader->next_number = head.number + 1;
  if (window_has(consumer->window, head.stamp)) histogram_record(&consumer->delivery_latency, now - head.stamp);
}

static void *read_records(void *argument) {
  struct consumer *consumer = argument;
  rd_kafka_message_t **records = allocate(BATCH * sizeof *records);
  rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(consumer->client);
  begin(consumer);
  while (!consumer->is_over) {
    /* One record is waited for and the rest of the batch is what is there already: a consumer that
       waits until a batch is full would measure itself. */
    ssize_t count = rd_kafka_consume_batch_queue(queue, POLL_MS, records, 1);
    if (count > 0) count += rd_kafka_consume_batch_queue(queue, 0, records + 1, BATCH - 1);
    uint64_t now = now_ns();
    for (ssize_t i = 0; i < count; i++) {
      on_record(consumer, records[i], now);
      rd_kafka_message_destroy(records[i]);
    }
    if (count > 0) *consumer->consumed += (uint64_t)count;
  }
  rd_kafka_queue_destroy(queue);
  free(records);
  return NULL;
}

void consumer_start(struct consumer *consumer) {
  consumer->client = client_new_consumer(consumer->options);
  if (pthread_create(&consumer->thread, NULL, read_records, consumer) != 0) fail("no thread");
}

void consumer_stop(struct consumer *consumer) {
  consumer->is_over = true;
  pthread_join(consumer->thread, NULL);
  rd_kafka_consumer_close(consumer->client);
  rd_kafka_destroy(consumer->client);
}
