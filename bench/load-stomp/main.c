/*
 * Load on a STOMP broker: one connection sends persistent messages with receipts to a durable queue, and with `both`
 * another one takes them and acks each.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../load-common/histogram.h"
#include "../load-common/program.h"
#include "../load-common/window.h"
#include "connection.h"

enum { OUTSTANDING_MAX = 65536, STAMP_SIZE = 16, SETTLE_NS = 1000000000, WAIT_MS = 10 };

static const char usage[] =
    "usage: load-stomp publish|both [options]\n"
    "  --host H --port P --broker-pid PID        also report that process's CPU time\n"
    "  --size BYTES --outstanding N --prefetch N messages without a receipt, and unacked ones\n"
    "  --warmup S --seconds S\n";

static const struct option long_options[] = {
    {"host", required_argument, NULL, 'h'},        {"port", required_argument, NULL, 'p'},
    {"size", required_argument, NULL, 's'},        {"outstanding", required_argument, NULL, 'o'},
    {"prefetch", required_argument, NULL, 'f'},    {"warmup", required_argument, NULL, 'w'},
    {"seconds", required_argument, NULL, 't'},     {"broker-pid", required_argument, NULL, 'b'},
    {NULL, 0, NULL, 0},
};

static struct {
  bool consumes;
  const char *host;
  int port, broker_pid;
  uint32_t size, outstanding, prefetch;
  double warmup, seconds;
} options = {.host = "127.0.0.1", .port = 61613, .size = 1024, .outstanding = 1000, .prefetch = 1000, .warmup = 1, .seconds = 5};

enum { PUBLISHER, CONSUMER };
static struct connection connections[2];
static bool is_subscribed;
static uint64_t sent, answered, delivered, misordered;
static struct window window;
static uint64_t window_answered, window_delivered;
static struct histogram receipts, delivery;
static char *payload;
/* When each message was sent, by its number. */
static uint64_t sent_at[OUTSTANDING_MAX];

static void on_receipt(const struct frame *frame) {
  const char *id = find_header(frame, "receipt-id");
  if (id == NULL) fail("a RECEIPT without a receipt-id");
  if (*id == 's') {
    is_subscribed = true;
    return;
  }
  uint64_t number = strtoull(id, NULL, 10), now = now_ns();
  answered++;
  if (!window_has(&window, now)) return;
  window_answered++;
  histogram_record(&receipts, now - sent_at[number % OUTSTANDING_MAX]);
}

static void on_message(struct connection *connection, const struct frame *frame) {
  uint64_t stamp, number;
  if (frame->size < STAMP_SIZE) fail("a message that nobody sent");
  memcpy(&stamp, frame->body, 8);
  memcpy(&number, frame->body + 8, 8);
  if (number != delivered++) misordered++;
  const char *ack = find_header(frame, "ack");
  if (ack == NULL) fail("a MESSAGE without an ack header");
  char headers[256];
  snprintf(headers, sizeof headers, "id:%.*s\n", (int)strcspn(ack, "\n"), ack);
  put_frame(connection, "ACK", headers, NULL, 0);
  uint64_t now = now_ns();
  if (!window_has(&window, now)) return;
  window_delivered++;
  histogram_record(&delivery, now - stamp);
}

static void on_frame(struct connection *connection, const struct frame *frame) {
  if (strcmp(frame->command, "RECEIPT") == 0) on_receipt(frame);
  else if (strcmp(frame->command, "MESSAGE") == 0) on_message(connection, frame);
  else fail("%s is no answer", frame->command);
}

static void run(int timeout_ms) { run_connections(connections, options.consumes ? 2 : 1, timeout_ms, on_frame); }

static void send_some(void) {
  while (sent - answered < options.outstanding && unwritten(&connections[PUBLISHER]) < 1 << 20) {
    char headers[128];
    snprintf(headers, sizeof headers, "destination:/queue/load\npersistent:true\nreceipt:%" PRIu64 "\n", sent);
    uint64_t now = now_ns();
    memcpy(payload, &now, 8);
    memcpy(payload + 8, &sent, 8);
    sent_at[sent % OUTSTANDING_MAX] = now;
    put_frame(&connections[PUBLISHER], "SEND", headers, payload, options.size);
    sent++;
  }
}

static void subscribe(void) {
  char headers[128];
  snprintf(headers, sizeof headers,
           "id:0\ndestination:/queue/load\nack:client-individual\nprefetch-count:%u\nreceipt:s\n", options.prefetch);
  put_frame(&connections[CONSUMER], "SUBSCRIBE", headers, NULL, 0);
  for (uint64_t begin = now_ns(); !is_subscribed;) {
    run(WAIT_MS);
    if (now_ns() - begin > 10ull * SETTLE_NS) fail("the broker did not answer SUBSCRIBE");
  }
}

static bool is_settled(void) { return answered == sent && (!options.consumes || delivered == sent); }

static void report(struct usage used) {
  double seconds = options.seconds;
  printf("{\"seconds\":%.4f,\"publish_rate\":%.1f,\"deliver_rate\":%.1f,\"client_cpu_share\":%.4f,", seconds,
         (double)window_answered / seconds, (double)window_delivered / seconds, used.own / seconds);
  usage_print(used);
  printf(",\"receipt_latency\":");
  histogram_print(&receipts);
  printf(",\"delivery_latency\":");
  histogram_print(&delivery);
  printf(",\"total\":{\"sent\":%" PRIu64 ",\"answered\":%" PRIu64 ",\"delivered\":%" PRIu64 ",\"out_of_order\":%" PRIu64 "}}\n",
         sent, answered, delivered, misordered);
}

static void send_and_answer(void) {
  send_some();
  run(WAIT_MS);
}

static void measure(void) {
  payload = allocate(options.size);
  memset(payload, 'x', options.size);
  window = window_after(options.warmup, options.seconds);
  struct usage used = window_run(&window, options.broker_pid, send_and_answer);
  /* As long as something comes. */
  for (uint64_t last = answered + delivered, since = now_ns(); !is_settled() && now_ns() - since < 10ull * SETTLE_NS;) {
    run(WAIT_MS);
    if (answered + delivered == last) continue;
    last = answered + delivered;
    since = now_ns();
  }
  report(used);
}

static void set_option(int option) {
  switch (option) {
    case 'h': options.host = optarg; break;
    case 'p': options.port = (int)parse_number(optarg, 1, 65535); break;
    case 's': options.size = (uint32_t)parse_number(optarg, STAMP_SIZE, 4e6); break;
    case 'o': options.outstanding = (uint32_t)parse_number(optarg, 1, OUTSTANDING_MAX); break;
    case 'f': options.prefetch = (uint32_t)parse_number(optarg, 1, 65535); break;
    case 'w': options.warmup = parse_number(optarg, 0, 3600); break;
    case 't': options.seconds = parse_number(optarg, 0.01, 86400); break;
    case 'b': options.broker_pid = (int)parse_number(optarg, 1, 1e9); break;
    default: fputs(usage, stderr); exit(64);
  }
}

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "";
  options.consumes = strcmp(mode, "both") == 0;
  if (!options.consumes && strcmp(mode, "publish") != 0) {
    fputs(usage, stderr);
    return 64;
  }
  int option;
  while ((option = getopt_long(argc - 1, argv + 1, "", long_options, NULL)) != -1) set_option(option);
  connection_open(&connections[PUBLISHER], options.host, options.port);
  if (options.consumes) {
    connection_open(&connections[CONSUMER], options.host, options.port);
    subscribe();
  }
  measure();
  return 0;
}
