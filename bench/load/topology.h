/* The exchanges, queues and bindings of a run. */
#ifndef LOAD_TOPOLOGY_H
#define LOAD_TOPOLOGY_H

#include "connection.h"

/*
 * Declares everything on a connection of its own and closes it. All is sent at once, without waiting
 * for each answer, so that the broker's own speed shows; returns the seconds it needed.
 * `product` and `version` get the broker's own, 128 bytes each.
 */
double topology_declare(const struct options *options, char *product, char *version);

/* Binding pattern `index`, and the key of the `number`-th message; equally long for all. 64 bytes. */
void topology_pattern(uint32_t index, char *pattern);
void topology_routing_key(const struct options *options, uint32_t number, char *key);

#endif
