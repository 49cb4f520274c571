#include "tls.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../load-common/program.h"


enum { READ_AHEAD = 256 * 1024, PUMP_SIZE = 16 * 1024, OWN = 0, LIBRARY = 1 };

struct tls {
  SSL *ssl;
  int fd;
  int pair[2];
  pthread_t pump;
};

static _Noreturn void fail_tls(const char *what) {
  char text[256] = "closed by the broker";
  unsigned long error = ERR_get_error();
  if (error != 0) ERR_error_string_n(error, text, sizeof text);
  fail("TLS, %s: %s", what, text);
}

static int connect_to(const char *host, int port) {
  char service[16];
  snprintf(service, sizeof service, "%d", port);
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
  if (getaddrinfo(host, service, &hints, &found) != 0) fail("there is no host %s", host);
  int fd = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
  if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0)
    fail("connect to %s:%d: %s", host, port, strerror(errno));
  freeaddrinfo(found);
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

static SSL_CTX *new_context(const char *ca) {
  SSL_CTX *context = SSL_CTX_new(TLS_client_method());
  if (context == NULL || SSL_CTX_load_verify_locations(context, ca, NULL) != 1) fail_tls(ca);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, READ_AHEAD);
  return context;
}

static bool should_wait(const struct tls *tls, int result) {
  int error = SSL_get_error(tls->ssl, result);
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

ssize_t tls_read(struct tls *tls, void *bytes, size_t size) {
  size_t done = 0;
  while (done < size) {
    int count = SSL_read(tls->ssl, (char *)bytes + done, (int)(size - done));
    if (count > 0) {
      done += (size_t)count;
      continue;
    }
    if (should_wait(tls, count)) break;
    if (SSL_get_error(tls->ssl, count) != SSL_ERROR_ZERO_RETURN) fail_tls("read");
    return (ssize_t)done;
  }
  if (done > 0) return (ssize_t)done;
  errno = EAGAIN;
  return -1;
}

ssize_t tls_write(struct tls *tls, const void *bytes, size_t size) {
  size_t done = 0;
  while (done < size) {
    int count = SSL_write(tls->ssl, (const char *)bytes + done, (int)(size - done));
    if (count > 0) {
      done += (size_t)count;
      continue;
    }
    if (!should_wait(tls, count)) fail_tls("write");
    break;
  }
  if (done > 0) return (ssize_t)done;
  errno = EAGAIN;
  return -1;
}

static void send_to_broker(struct tls *tls, const char *bytes, size_t size) {
  for (size_t done = 0; done < size;) {
    ssize_t count = tls_write(tls, bytes + done, size - done);
    if (count > 0) done += (size_t)count;
    else poll(&(struct pollfd){.fd = tls->fd, .events = POLLOUT}, 1, -1);
  }
}

/* Until librabbitmq's end is shut down. */
static void *pump(void *owner) {
  struct tls *tls = owner;
  char bytes[PUMP_SIZE];
  for (;;) {
    ssize_t count = tls_read(tls, bytes, sizeof bytes);
    if (count > 0 && write(tls->pair[OWN], bytes, (size_t)count) != count) return NULL;
    if (count > 0) continue;
    struct pollfd ends[] = {{.fd = tls->fd, .events = POLLIN}, {.fd = tls->pair[OWN], .events = POLLIN}};
    poll(ends, 2, -1);
    if (ends[1].revents == 0) continue;
    count = read(tls->pair[OWN], bytes, sizeof bytes);
    if (count <= 0) return NULL;
    send_to_broker(tls, bytes, (size_t)count);
  }
}

struct tls *tls_open(const char *host, int port, const char *ca) {
  struct tls *tls = allocate(sizeof *tls);
  SSL_CTX *context = new_context(ca);
  tls->fd = connect_to(host, port);
  tls->ssl = SSL_new(context);
  SSL_CTX_free(context);
  if (tls->ssl == NULL || SSL_set_fd(tls->ssl, tls->fd) != 1) fail_tls("start");
  if (SSL_connect(tls->ssl) != 1) fail_tls("handshake");
  fcntl(tls->fd, F_SETFL, fcntl(tls->fd, F_GETFL) | O_NONBLOCK);
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, tls->pair) != 0) fail("socketpair: %s", strerror(errno));
  if (pthread_create(&tls->pump, NULL, pump, tls) != 0) fail("no thread for TLS");
  return tls;
}

int tls_library_fd(const struct tls *tls) { return tls->pair[LIBRARY]; }

int tls_take_over(struct tls *tls) {
  shutdown(tls->pair[LIBRARY], SHUT_RDWR);
  pthread_join(tls->pump, NULL);
  close(tls->pair[OWN]);
  return tls->fd;
}

void tls_close(struct tls *tls) {
  SSL_free(tls->ssl);
  close(tls->fd);
  free(tls);
}
