/* CPU seconds used so far: by this program, by the broker's process, and by others on the host. */
#ifndef LOAD_PROCESS_USAGE_H
#define LOAD_PROCESS_USAGE_H

double own_cpu_seconds(void);

/* User and system time of all threads of `pid`, from /proc; 0 when there is no such process. */
double process_cpu_seconds(int pid);

/* What the hypervisor gave to others while a CPU of this machine wanted to run, of all CPUs together. */
double stolen_cpu_seconds(void);

#endif
