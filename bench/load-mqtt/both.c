/* Messages from publishers to subscribers, flat out or on a schedule; also for many subscriptions with wildcards. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../load-common/histogram.h"
#include "../load-common/window.h"
#include "options.h"

enum { FILTERS_A_PACKET = 100, CLIENTS = 100, STALL_MS = 2000 };

struct publisher {
  char topic[64];
  size_t topic_size;
  uint32_t sent, answered, delivered;
};

static const struct options *options;
static struct connection *connections;
static struct publisher *publishers;
/* Of each subscriber: the last number it got, for the order. */
static uint32_t *last;
static uint8_t *payload;
static uint32_t fan_out, subscribed, filter_count;
static uint64_t sent, delivered, answered, misordered, lost;
static struct window window;
static uint64_t schedule_begin;
static uint64_t window_sent, window_delivered;
static struct histogram delivery, acks;
/* When each message of a publisher was sent, by its number, for the time to its answer. */
static uint64_t *sent_at;

static size_t print_topic(char *text, size_t size, uint32_t number) {
  return (size_t)snprintf(text, size, "load/%u", number);
}

/* Every second has a plus, the others a hash. */
static size_t print_wildcard(char *text, size_t size, uint32_t number) {
  return (size_t)snprintf(text, size, number % 2 == 0 ? "load/%u/+" : "load/%u/#", number);
}

static void on_delivery(struct connection *connection, uint8_t first, const uint8_t *body, size_t size) {
  uint32_t topic = (uint32_t)body[0] << 8 | body[1];
  int qos = first >> 1 & 3;
  size_t at = 2 + topic + (qos > 0 ? 2u : 0u);
  if (size < at + 12) fail("a message that nobody sent");
  uint64_t stamp;
  uint32_t number;
  memcpy(&stamp, body + at, 8);
  memcpy(&number, body + at + 8, 4);
  if (qos > 0)
    put_answer(connection, qos == 1 ? PUBACK : PUBREC, (uint16_t)(body[2 + topic] << 8 | body[3 + topic]));
  uint32_t subscriber = connection->index - options->publishers;
  /* Filters of one client get messages of one publisher, so numbers rise for every client. */
  if (number <= last[subscriber] && (first & 8) == 0) misordered++;
  last[subscriber] = number;
  delivered++;
  publishers[subscriber % options->publishers].delivered++;
  uint64_t now = now_ns();
  if (!window_has(&window, now)) return;
  window_delivered++;
  histogram_record(&delivery, now - stamp);
}

static void on_answer(struct connection *connection) {
  struct publisher *publisher = &publishers[connection->index];
  uint64_t time = sent_at[connection->index * 65536u + (publisher->answered++ & 65535)];
  answered++;
  uint64_t now = now_ns();
  if (window_has(&window, now)) histogram_record(&acks, now - time);
}

static void on_packet(struct connection *connection, uint8_t first, const uint8_t *body, size_t size) {
  uint16_t id = size >= 2 ? (uint16_t)(body[0] << 8 | body[1]) : 0;
  switch (first >> 4) {
    case CONNACK: on_connack(body); break;
    case SUBACK:
      for (size_t n = 2; n < size; n++)
        if (body[n] > 2) fail("a subscription was refused with %d", body[n]);
      subscribed += (uint32_t)(size - 2);
      break;
    case PUBLISH: on_delivery(connection, first, body, size); break;
    case PUBACK: case PUBCOMP: on_answer(connection); break;
    case PUBREC: put_answer(connection, PUBREL, id); break;
    case PUBREL: put_answer(connection, PUBCOMP, id); break;
  }
}

static void send_one(uint32_t index, uint64_t stamp) {
  struct publisher *publisher = &publishers[index];
  struct connection *connection = &connections[index];
  publisher->sent++;
  memcpy(payload, &stamp, 8);
  memcpy(payload + 8, &publisher->sent, 4);
  const char *topic = publisher->topic;
  char drawn[64];
  size_t size = publisher->topic_size;
  if (filter_count > 0) {
    /* A filter of each client in turn. */
    size = (size_t)snprintf(drawn, sizeof drawn, "load/%u/x", (publisher->sent * 7919u) % filter_count);
    topic = drawn;
  }
  put_publish(connection, topic, size, options->qos, false, payload, options->size);
  sent_at[index * 65536u + ((publisher->sent - 1) & 65535)] = stamp;
  sent++;
  if (window_has(&window, now_ns())) window_sent++;
}

/* QoS 0 has no answers: what is not delivered counts instead. */
static bool may_send(uint32_t index) {
  const struct publisher *publisher = &publishers[index];
  uint32_t done = options->qos > 0 ? publisher->answered : publisher->delivered / fan_out;
  /* One that was given up may come after all. */
  int32_t under_way = (int32_t)(publisher->sent - done);
  return under_way < (int32_t)options->outstanding && unwritten(&connections[index]) < 1 << 20;
}

static void send_flat_out(void) {
  uint64_t now = now_ns();
  for (uint32_t n = 0; n < options->publishers; n++) {
    while (may_send(n)) send_one(n, now);
    flush(&connections[n]);
  }
}

/* Sends what is due; a message's time is that of the schedule. How long until the next one, in ns. */
static int64_t send_due(void) {
  for (;;) {
    uint64_t due = schedule_begin + (uint64_t)((double)sent * 1e9 / options->rate);
    uint64_t now = now_ns();
    uint32_t index = (uint32_t)(sent % options->publishers);
    if (due > now || (options->qos > 0 && !may_send(index))) return due > now ? (int64_t)(due - now) : 1000000;
    send_one(index, due);
    flush(&connections[index]);
  }
}

/* Messages of QoS 0 that were dropped would hold their publishers for ever. */
static void forgive(void) {
  static uint64_t progress, since;
  if (options->qos > 0 || since == 0 || delivered != progress) {
    progress = delivered;
    since = now_ns();
    return;
  }
  if (now_ns() - since < STALL_MS * 1000000ull) return;
  for (uint32_t n = 0; n < options->publishers; n++) publishers[n].delivered = publishers[n].sent * fan_out;
  lost = sent * fan_out - delivered;
}

static void subscribe_all(void) {
  for (uint32_t n = 0; n < options->subscribers; n++) {
    struct connection *connection = &connections[options->publishers + n];
    put_subscribe(connection, n % options->publishers, 1, options->qos, print_topic);
    flush(connection);
  }
  while (subscribed < options->subscribers) loop_run(100);
}

static void send_and_answer(void) {
  int64_t pause = 1000000;
  if (options->rate > 0) pause = send_due();
  else send_flat_out();
  loop_run((int)(pause / 1000000));
  forgive();
}

/* Load until the window is over, then what is under way; prints all but the closing brace. */
static void measure(void) {
  schedule_begin = now_ns();
  window = window_after(options->warmup, options->seconds);
  struct usage used = window_run(&window, options->broker_pid, send_and_answer);
  uint64_t settle_begin = now_ns();
  while (now_ns() - settle_begin < 10000000000ull &&
         (delivered + lost < sent * fan_out || (options->qos > 0 && answered < sent))) {
    loop_run(10);
    forgive();
  }
  double seconds = options->seconds;
  printf("{\"seconds\":%.4f,\"published\":%lu,\"delivered\":%lu,\"publish_rate\":%.1f,\"deliver_rate\":%.1f,"
         "\"settle_seconds\":%.4f,\"client_cpu_share\":%.4f,",
         seconds, window_sent, window_delivered, (double)window_sent / seconds, (double)window_delivered / seconds,
         (double)(now_ns() - settle_begin) / 1e9, used.own / seconds);
  usage_print(used);
  printf(",\"ack_latency\":");
  histogram_print(&acks);
  printf(",\"delivery_latency\":");
  histogram_print(&delivery);
  printf(",\"total\":{\"sent\":%lu,\"answered\":%lu,\"delivered\":%lu,\"lost\":%lu,\"out_of_order\":%lu}", sent, answered,
         delivered, sent * fan_out - delivered, misordered);
}

static void prepare(const struct options *given, uint32_t subscribers) {
  options = given;
  uint32_t count = given->publishers + subscribers;
  connections = calloc(count, sizeof *connections);
  publishers = calloc(given->publishers, sizeof *publishers);
  last = calloc(subscribers, sizeof *last);
  sent_at = calloc((size_t)given->publishers * 65536, sizeof *sent_at);
  payload = calloc(1, given->size);
  memset(payload, 'x', given->size);
  for (uint32_t n = 0; n < given->publishers; n++)
    publishers[n].topic_size = print_topic(publishers[n].topic, sizeof publishers[n].topic, n);
  loop_open(on_packet);
  open_all(connections, count, given);
}

void run_both(const struct options *given) {
  if (given->subscribers % given->publishers != 0) fail("--subscribers must be a multiple of --publishers");
  prepare(given, given->subscribers);
  fan_out = given->subscribers / given->publishers;
  subscribe_all();
  measure();
  printf("}\n");
}

void run_subscribe(const struct options *given) {
  static struct options one;
  one = *given;
  one.publishers = 1;
  one.subscribers = CLIENTS;
  prepare(&one, CLIENTS);
  fan_out = 1;
  filter_count = given->count;
  double before = resident_bytes(given->broker_pid);
  uint64_t begin = now_ns();
  uint32_t a_client = (given->count + CLIENTS - 1) / CLIENTS;
  for (uint32_t from = 0; from < a_client; from += FILTERS_A_PACKET)
    for (uint32_t n = 0; n < CLIENTS; n++) {
      uint32_t first = n * a_client + from;
      if (first >= given->count) continue;
      uint32_t rest = a_client - from < given->count - first ? a_client - from : given->count - first;
      struct connection *connection = &connections[1 + n];
      put_subscribe(connection, first, rest < FILTERS_A_PACKET ? rest : FILTERS_A_PACKET, given->qos, print_wildcard);
      flush(connection);
    }
  while (subscribed < given->count) loop_run(100);
  double seconds = (double)(now_ns() - begin) / 1e9;
  double after = resident_bytes(given->broker_pid);
  measure();
  printf(",\"subscribe_rate\":%.1f,\"bytes_per_subscription\":%.1f}\n", given->count / seconds,
         (after - before) / given->count);
}
