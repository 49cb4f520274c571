#include "publish.h"

#include <stdlib.h>

#include "../load-common/program.h"
#include "topology.h"
#include "wire.h"

enum {
  RING_BYTES = 1024 * 1024, /* fits a second-level cache; enough for one large write */
  RING_BYTES_MIN = 16 * 1024,
  PUBLISHER_SHIFT = 48,
  SLOTS_MIN = 4,
  OPEN_LOOP_OUTSTANDING = 1 << 20,
};

static uint8_t *put_publish(uint8_t *at, const char *exchange, const char *key) {
  uint32_t size = (uint32_t)(4 + 2 + 1 + strlen(exchange) + 1 + strlen(key) + 1);
  at = put_frame_start(at, FRAME_METHOD, CHANNEL, size);
  at = put_u16(put_u32(at, BASIC_PUBLISH), 0);
  at = put_shortstr(put_shortstr(at, exchange), key);
  return put_u8(put_u8(at, 0), FRAME_END);
}

static uint8_t *put_header(uint8_t *at, const struct options *options, size_t slot) {
  enum { HEADER_SIZE = 2 + 2 + 8 + 2 + 1, HEADERS_FLAG = 1 << 13, DELIVERY_MODE_FLAG = 1 << 12, PRIORITY_FLAG = 1 << 11 };
  enum { DELAY_SIZE = 1 + sizeof "x-delay" - 1 + 1 + 4 };
  bool has_priority = options->priorities > 0, has_delay = options->delay_ms > 0;
  at = put_frame_start(at, FRAME_HEADER, CHANNEL, HEADER_SIZE + has_priority + has_delay * (4 + DELAY_SIZE));
  at = put_u64(put_u16(put_u16(at, 60), 0), options->size);
  int flags = DELIVERY_MODE_FLAG | (has_priority ? PRIORITY_FLAG : 0) | (has_delay ? HEADERS_FLAG : 0);
  at = put_u16(at, (uint16_t)flags);
  if (has_delay) at = put_u32(put_u8(put_shortstr(put_u32(at, DELAY_SIZE), "x-delay"), 'I'), options->delay_ms);
  at = put_u8(at, options->persistent ? 2 : 1);
  if (has_priority) at = put_u8(at, (uint8_t)(slot % options->priorities));
  return put_u8(at, FRAME_END);
}

static uint8_t *put_body(uint8_t *at, uint32_t size, uint32_t frame_max) {
  uint32_t part_max = frame_max - FRAME_OVERHEAD;
  for (uint32_t done = 0; done < size;) {
    uint32_t part = size - done < part_max ? size - done : part_max;
    at = put_frame_start(at, FRAME_BODY, CHANNEL, part);
    /* Pseudo-random bytes, so that nothing on the way gains by compressing them. */
    for (uint32_t i = 0; i < part; i++) at[i] = (uint8_t)(((done + i) * 2654435761u) >> 24);
    at = put_u8(at + part, FRAME_END);
    done += part;
  }
  return at;
}

/* The routing key of the message in `slot`. All keys of a publisher have one length. */
static void key_of_slot(const struct publisher *publisher, size_t slot, char *key) {
  const struct options *options = publisher->options;
  if (options_hops(options) > 0) return options_hop_name(options, 0, key);
  switch (options->routing) {
    case ROUTING_TURNS: options_queue_name(options, (uint32_t)(slot % options->queues), key); break;
    case ROUTING_PINNED: options_queue_name(options, publisher->index % options->queues, key); break;
    case ROUTING_FANOUT: *key = '\0'; break;
    case ROUTING_TOPIC: topology_routing_key(options, (uint32_t)slot, key); break;
  }
}

/* Every queue's turn, and that of every priority, comes equally often in a round of the ring. */
static size_t count_slots(const struct options *options, size_t image_max) {
  size_t bytes = RING_BYTES / options->publishers;
  size_t slots = (bytes < RING_BYTES_MIN ? RING_BYTES_MIN : bytes) / image_max;
  if (slots < SLOTS_MIN) slots = SLOTS_MIN;
  size_t turns = options->priorities > 0 ? options->priorities : options->queues;
  if (options->priorities == 0 && options->routing != ROUTING_TURNS) return slots;
  return (slots + turns - 1) / turns * turns;
}

static void build_ring(struct publisher *publisher) {
  const struct options *options = publisher->options;
  uint32_t frame_max = publisher->connection.frame_max;
  char exchange[256], key[256];
  options_exchange_name(options, exchange);
  key_of_slot(publisher, 0, key);
  size_t frames = options->size / (frame_max - FRAME_OVERHEAD) + 3;
  size_t image_max = frames * FRAME_OVERHEAD + 64 + strlen(exchange) + strlen(key) + options->size;
  size_t slots = count_slots(options, image_max);

  publisher->slots = slots;
  publisher->ring = allocate(slots * image_max);
  uint8_t *at = publisher->ring;
  for (size_t slot = 0; slot < slots; slot++) {
    key_of_slot(publisher, slot, key);
    uint8_t *image = at;
    at = put_header(put_publish(at, exchange, key), options, slot);
    publisher->body_at = (size_t)(at - image) + FRAME_OVERHEAD - 1;
    at = put_body(at, options->size, frame_max);
    publisher->image_size = (size_t)(at - image);
  }
}

void publisher_start(struct publisher *publisher, const struct options *options, uint64_t count_max) {
  publisher->options = options;
  publisher->count_max = count_max;
  publisher->lowest_tag = 1;
  if (options->outstanding > 0) connection_select_confirms(&publisher->connection);
  connection_take_over(&publisher->connection);
  build_ring(publisher);
  uint64_t capacity = 1024;
  uint64_t wanted = options->rate > 0 ? OPEN_LOOP_OUTSTANDING / options->publishers : options->outstanding * 4ull;
  while (capacity < wanted) capacity *= 2;
  publisher->stamps_mask = capacity - 1;
  publisher->stamps = allocate(capacity * sizeof *publisher->stamps);
}

void publisher_schedule(struct publisher *publisher, uint64_t start) {
  publisher->interval = 1e9 * publisher->options->publishers / publisher->options->rate;
  publisher->schedule_start = start + (uint64_t)(1e9 * publisher->index / publisher->options->rate);
}

static uint64_t due_at(const struct publisher *publisher, uint64_t message) {
  return publisher->schedule_start + (uint64_t)((double)message * publisher->interval);
}

/* Messages of which every byte was written. */
static uint64_t sent(const struct publisher *publisher) {
  return publisher->written / publisher->image_size;
}

/* What was due before the window closed is sent even later than that, or its delay would go unseen. */
static bool is_due(const struct publisher *publisher, uint64_t now) {
  if (publisher->queued >= publisher->count_max) return false;
  uint64_t due = due_at(publisher, publisher->queued);
  return due <= now && due < publisher->window->end;
}

static bool is_stopped(const struct publisher *publisher, bool is_over) {
  return is_over && publisher->options->rate == 0;
}

bool publisher_is_drained(const struct publisher *publisher) {
  bool is_behind = publisher->options->rate > 0 && is_due(publisher, now_ns());
  bool is_written = publisher->written == publisher->queued * publisher->image_size;
  bool wants_confirms = publisher->options->outstanding > 0;
  return is_written && !is_behind && (!wants_confirms || publisher->confirmed + publisher->nacked == publisher->queued);
}

static bool may_publish(const struct publisher *publisher, uint64_t now) {
  if (publisher->queued >= publisher->count_max) return false;
  if (publisher->queued - sent(publisher) >= publisher->slots) return false;
  bool is_open_loop = publisher->options->rate > 0;
  if (is_open_loop && !is_due(publisher, now)) return false;
  if (publisher->options->outstanding == 0) return true;
  if (publisher->queued + 1 - publisher->lowest_tag >= publisher->stamps_mask) return false;
  uint64_t unconfirmed = publisher->queued - publisher->confirmed - publisher->nacked;
  return is_open_loop || unconfirmed < publisher->options->outstanding;
}

bool publisher_is_ready(const struct publisher *publisher, uint64_t now, bool is_over) {
  if (publisher->connection.readable) return true;
  return !is_stopped(publisher, is_over) && publisher->connection.writable && may_publish(publisher, now);
}

static void write_ring(struct publisher *publisher) {
  uint64_t sent_before = sent(publisher);
  size_t ring_size = publisher->slots * publisher->image_size;
  uint64_t total = publisher->queued * publisher->image_size;
  while (publisher->connection.writable && publisher->written < total) {
    size_t at = publisher->written % ring_size;
    uint64_t left = total - publisher->written;
    size_t size = left < ring_size - at ? left : ring_size - at;
    publisher->written += connection_write(&publisher->connection, publisher->ring + at, size);
  }
  publisher->tally->sent += sent(publisher) - sent_before;
}

void publisher_advance(struct publisher *publisher, uint64_t now, bool is_over) {
  bool is_open_loop = publisher->options->rate > 0;
  while (!is_stopped(publisher, is_over) && may_publish(publisher, now)) {
    size_t slot = publisher->queued % publisher->slots;
    uint8_t *body = publisher->ring + slot * publisher->image_size + publisher->body_at;
    uint64_t stamp = is_open_loop ? due_at(publisher, publisher->queued) : now;
    put_u64(put_u64(body, stamp), (uint64_t)publisher->index << PUBLISHER_SHIFT | publisher->queued);
    publisher->queued++;
    publisher->stamps[publisher->queued & publisher->stamps_mask] = stamp;
  }
  write_ring(publisher);
}

static void settle_tag(struct publisher *publisher, uint64_t tag, uint64_t now, bool is_nack) {
  uint64_t *stamp = &publisher->stamps[tag & publisher->stamps_mask];
  if (*stamp == 0) return;
  if (is_nack) {
    publisher->nacked++;
    publisher->tally->nacked++;
  } else {
    publisher->confirmed++;
    publisher->tally->confirmed++;
  }
  if (window_has(publisher->window, *stamp)) histogram_record(publisher->confirm_latency, now - *stamp);
  *stamp = 0;
}

static void on_confirm(struct publisher *publisher, const uint8_t *arguments, bool is_nack) {
  uint64_t tag = get_u64(arguments);
  bool is_multiple = arguments[8] & 1;
  if (tag < publisher->lowest_tag || tag > publisher->queued) fail("a confirm for an unknown delivery tag came");
  uint64_t now = publisher->connection.read_at;
  uint64_t first = is_multiple ? publisher->lowest_tag : tag;
  for (uint64_t at = first; at <= tag; at++) settle_tag(publisher, at, now, is_nack);
  while (publisher->lowest_tag <= publisher->queued &&
         publisher->stamps[publisher->lowest_tag & publisher->stamps_mask] == 0)
    publisher->lowest_tag++;
}

static void on_frame(void *owner, const struct frame *frame) {
  struct publisher *publisher = owner;
  if (frame->type != FRAME_METHOD) return;
  uint32_t method = get_u32(frame->payload);
  if (method == BASIC_ACK || method == BASIC_NACK)
    on_confirm(publisher, frame->payload + 4, method == BASIC_NACK);
  else
    connection_unexpected(&publisher->connection, method, frame);
}

void publisher_read(struct publisher *publisher) {
  connection_read(&publisher->connection, on_frame, publisher);
}
