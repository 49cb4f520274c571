/* CPU seconds used so far, by this program and by the broker's process. */
#ifndef LOAD_PROCESS_USAGE_H
#define LOAD_PROCESS_USAGE_H

double own_cpu_seconds(void);

/* User and system time of all threads of `pid`, from /proc; 0 when there is no such process. */
double process_cpu_seconds(int pid);

#endif
