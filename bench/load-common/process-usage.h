/* CPU seconds: of this program, of the broker's process, and of others on the host. */
#ifndef LOAD_PROCESS_USAGE_H
#define LOAD_PROCESS_USAGE_H

struct usage {
  double own;
  double broker; /* user and system time of all its threads, from /proc; 0 when there is no such process */
  double stolen; /* what the hypervisor gave to others while a CPU of this machine wanted to run, of all CPUs together */
};

/* Used so far. */
struct usage usage_now(int broker_pid);

struct usage usage_between(struct usage before, struct usage after);

/* Writes "client_cpu_seconds":…,"broker_cpu_seconds":…,"stolen_cpu_seconds":… */
void usage_print(struct usage used);

#endif
