// What a commit is built for when both cannot be had: that each message is confirmed soon, or that the disk
// is asked seldom. A log without a profile of its own has its store's.

/**
 * `latency`: a commit is written as soon as the one before it is. `throughput`: it first waits, for a bounded
 * time, for what the publishers send who have just been told.
 */
export type LogProfile = 'latency' | 'throughput'
