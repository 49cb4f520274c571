/* Empties the page cache of a folder's files, so that the next read comes from the disk. */
#ifndef LOAD_KAFKA_EVICT_H
#define LOAD_KAFKA_EVICT_H

/* Prints {"files":…,"bytes":…,"resident_bytes":…}: what is still cached afterwards. */
void evict_folder(const char *folder);

#endif
