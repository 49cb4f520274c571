#include "consume.h"

#include "wire.h"

static void send_consume(struct consumer *consumer, const char *queue) {
  enum { NO_ACK_BIT = 1 << 1 };
  uint32_t size = (uint32_t)(4 + 2 + 1 + strlen(queue) + 1 + 1 + 4);
  uint8_t *start = connection_reserve(&consumer->connection, size + FRAME_OVERHEAD);
  uint8_t *at = put_frame_start(start, FRAME_METHOD, CHANNEL, size);
  at = put_u16(put_u32(at, BASIC_CONSUME), 0);
  at = put_shortstr(put_shortstr(at, queue), "");
  at = put_u8(at, consumer->options->ack_every == 0 ? NO_ACK_BIT : 0);
  at = put_u8(put_u32(at, 0), FRAME_END);
  connection_filled(&consumer->connection, (size_t)(at - start));
  connection_flush(&consumer->connection);
}

void consumer_start(struct consumer *consumer, const struct options *options, uint32_t queue) {
  char name[256];
  options_queue_name(options, queue, name);
  consumer->options = options;
  if (options->prefetch > 0) connection_set_prefetch(&consumer->connection, options->prefetch);
  connection_take_over(&consumer->connection);
  send_consume(consumer, name);
}

static void send_ack(struct consumer *consumer, bool is_multiple) {
  enum { ACK_SIZE = 4 + 8 + 1 };
  uint8_t *start = connection_reserve(&consumer->connection, ACK_SIZE + FRAME_OVERHEAD);
  uint8_t *at = put_frame_start(start, FRAME_METHOD, CHANNEL, ACK_SIZE);
  at = put_u64(put_u32(at, BASIC_ACK), consumer->delivery_tag);
  put_u8(put_u8(at, is_multiple), FRAME_END);
  connection_filled(&consumer->connection, ACK_SIZE + FRAME_OVERHEAD);
  consumer->acked = consumer->delivered;
}

static void on_delivered(struct consumer *consumer) {
  consumer->delivered++;
  uint32_t every = consumer->options->ack_every;
  if (every > 0 && consumer->delivered - consumer->acked >= every) send_ack(consumer, every > 1);
}

static void on_deliver(struct consumer *consumer, const uint8_t *arguments) {
  uint8_t consumer_tag_length = arguments[0];
  consumer->delivery_tag = get_u64(arguments + 1 + consumer_tag_length);
}

static void on_header(struct consumer *consumer, const struct frame *frame) {
  consumer->body_left = get_u64(frame->payload + 4);
  consumer->is_body_start = true;
  if (consumer->body_left == 0) on_delivered(consumer);
}

static void on_body(struct consumer *consumer, const struct frame *frame) {
  if (frame->size > consumer->body_left) fail("a body longer than its header says came");
  if (consumer->is_body_start && frame->size >= 16) {
    uint64_t stamp = get_u64(frame->payload);
    uint64_t number = get_u64(frame->payload + 8);
    if (window_has(consumer->window, stamp))
      histogram_record(consumer->delivery_latency, consumer->connection.read_at - stamp);
    if (consumer->delivered > 0 && number != consumer->next_number) consumer->out_of_order++;
    consumer->next_number = number + consumer->options->queues;
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
