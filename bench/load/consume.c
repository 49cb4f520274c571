#include "consume.h"

#include <stdio.h>

#include "../load-common/program.h"
#include "wire.h"

enum { NUMBER_BITS = 48 };

/* The consumer tag is the queue's index in this many digits, so that a delivery tells its queue. Hops
   whose messages are rejected come after the queues. */
enum { TAG_DIGITS = 5 };

static void put_consume(struct consumer *consumer, uint32_t queue_index) {
  enum { NO_ACK_BIT = 1 << 1 };
  char queue[256], tag[16];
  const struct options *options = consumer->options;
  if (queue_index < options->queues) options_queue_name(options, queue_index, queue);
  else options_hop_name(options, queue_index - options->queues, queue);
  snprintf(tag, sizeof tag, "%0*u", TAG_DIGITS, queue_index);
  uint32_t size = (uint32_t)(4 + 2 + 1 + strlen(queue) + 1 + strlen(tag) + 1 + 4);
  uint8_t *start = connection_reserve(&consumer->connection, size + FRAME_OVERHEAD);
  uint8_t *at = put_frame_start(start, FRAME_METHOD, CHANNEL, size);
  at = put_u16(put_u32(at, BASIC_CONSUME), 0);
  at = put_shortstr(put_shortstr(at, queue), tag);
  at = put_u8(at, options->ack_every == 0 ? NO_ACK_BIT : 0);
  at = put_u8(put_u32(at, 0), FRAME_END);
  connection_filled(&consumer->connection, (size_t)(at - start));
}

void consumer_start(struct consumer *consumer, const struct options *options) {
  consumer->options = options;
  if (options->prefetch > 0) connection_set_prefetch(&consumer->connection, options->prefetch);
  connection_take_over(&consumer->connection);
  uint32_t queue = consumer->index % options->queues;
  for (; queue < options->queues; queue += options->consumers) put_consume(consumer, queue);
  for (uint32_t hop = 0; hop < options->rejected; hop++) put_consume(consumer, options->queues + hop);
  connection_flush(&consumer->connection);
}

/* basic.ack or basic.reject of the last delivery; `flag` is multiple or requeue. */
static void settle(struct consumer *consumer, uint32_t method, bool flag) {
  enum { SETTLE_SIZE = 4 + 8 + 1 };
  uint8_t *start = connection_reserve(&consumer->connection, SETTLE_SIZE + FRAME_OVERHEAD);
  uint8_t *at = put_frame_start(start, FRAME_METHOD, CHANNEL, SETTLE_SIZE);
  at = put_u64(put_u32(at, method), consumer->delivery_tag);
  put_u8(put_u8(at, flag), FRAME_END);
  connection_filled(&consumer->connection, SETTLE_SIZE + FRAME_OVERHEAD);
}

static void send_ack(struct consumer *consumer, bool is_multiple) {
  settle(consumer, BASIC_ACK, is_multiple);
  consumer->acked = consumer->delivered;
}

static bool is_at_hop(const struct consumer *consumer) { return consumer->queue >= consumer->options->queues; }

static void on_delivered(struct consumer *consumer) {
  if (is_at_hop(consumer)) return settle(consumer, BASIC_REJECT, false);
  consumer->delivered++;
  consumer->tally->delivered++;
  uint32_t every = consumer->options->ack_every;
  if (every > 0 && consumer->delivered - consumer->acked >= every) send_ack(consumer, every > 1);
}

static void on_deliver(struct consumer *consumer, const uint8_t *arguments) {
  uint8_t consumer_tag_length = arguments[0];
  consumer->delivery_tag = get_u64(arguments + 1 + consumer_tag_length);
  uint32_t queue = 0;
  for (int i = 1; i <= TAG_DIGITS; i++) queue = queue * 10 + (uint32_t)(arguments[i] - '0');
  if (consumer_tag_length != TAG_DIGITS || queue >= consumer->options->queues + consumer->options->rejected)
    fail("an unknown consumer tag came");
  consumer->queue = queue;
}

/* Numbers of one publisher come through one queue in order, within each of its priorities, and without
   gaps to its only consumer. */
static void check_order(struct consumer *consumer, uint64_t mark) {
  const struct options *options = consumer->options;
  uint32_t publishers = options->publishers > 0 ? options->publishers : 1;
  uint64_t publisher = mark >> NUMBER_BITS, number = mark & ((1ull << NUMBER_BITS) - 1);
  if (publisher >= publishers) return;
  size_t order = options->priorities > 0 ? number % options->priorities : consumer->queue;
  uint64_t *next = &consumer->next_numbers[order * publishers + publisher];
  bool is_shared = options->consumers > options->queues || options->routing == ROUTING_TOPIC;
  bool is_next = is_shared ? number >= *next : number == *next;
  if (*next > 0 && !is_next) consumer->out_of_order++;
  uint32_t turns = options->routing == ROUTING_TURNS ? options->queues : 1;
  *next = number + (options->priorities > 0 ? options->priorities : turns);
}

static void on_header(struct consumer *consumer, const struct frame *frame) {
  consumer->body_left = get_u64(frame->payload + 4);
  consumer->is_body_start = true;
  if (consumer->body_left == 0) on_delivered(consumer);
}

static void on_body(struct consumer *consumer, const struct frame *frame) {
  if (frame->size > consumer->body_left) fail("a body longer than its header says came");
  if (consumer->is_body_start && frame->size >= 16 && !is_at_hop(consumer)) {
    uint64_t stamp = get_u64(frame->payload);
    if (window_has(consumer->window, stamp))
      histogram_record(consumer->delivery_latency, consumer->connection.read_at - stamp);
    check_order(consumer, get_u64(frame->payload + 8));
  }
  consumer->is_body_start = false;
  consumer->body_left -= frame->size;
  if (consumer->body_left == 0) on_delivered(consumer);
}

static void on_frame(void *owner, const struct frame *frame) {
  struct consumer *consumer = owner;
  if (frame->type == FRAME_BODY) return on_body(consumer, frame);
  if (frame->type == FRAME_HEADER) return on_header(consumer, frame);
  if (frame->type != FRAME_METHOD) return;
  uint32_t method = get_u32(frame->payload);
  if (method == BASIC_DELIVER) on_deliver(consumer, frame->payload + 4);
  else if (method != BASIC_CONSUME_OK) connection_unexpected(&consumer->connection, method, frame);
}

void consumer_read(struct consumer *consumer) {
  connection_read(&consumer->connection, on_frame, consumer);
  connection_flush(&consumer->connection);
}

void consumer_ack_rest(struct consumer *consumer) {
  if (consumer->options->ack_every == 0 || consumer->acked == consumer->delivered) return;
  send_ack(consumer, true);
  connection_flush(&consumer->connection);
}
