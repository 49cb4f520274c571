/*
 * TLS for a connection. librabbitmq does not hand out the session it makes for itself, so it gets one
 * end of a pair of sockets, and a thread carries its bytes until the program takes the session over.
 */
#ifndef LOAD_TLS_H
#define LOAD_TLS_H

#include <stddef.h>
#include <sys/types.h>

struct tls;

/* Connects and does the handshake; the broker's certificate must be signed by what is in `ca`. */
struct tls *tls_open(const char *host, int port, const char *ca);

/* The end that librabbitmq uses. It belongs to librabbitmq. */
int tls_library_fd(const struct tls *tls);

/* Ends the thread; from here on `tls_read` and `tls_write` may be used. Returns the TCP socket. */
int tls_take_over(struct tls *tls);

/* As read(2) and write(2) on a socket that never blocks, but they go on until `size` or EAGAIN. */
ssize_t tls_read(struct tls *tls, void *bytes, size_t size);
ssize_t tls_write(struct tls *tls, const void *bytes, size_t size);

void tls_close(struct tls *tls);

#endif
