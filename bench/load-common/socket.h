/* Sockets that do not block, for programs that speak a protocol themselves. */
#ifndef LOAD_SOCKET_H
#define LOAD_SOCKET_H

#include <netinet/in.h>

/* Begins a connection, from an address of this machine unless it is NULL. It sends at once what it is given. */
int socket_connect(const char *host, int port, const struct in_addr *from);

#endif
