// Limits of traces, which are in memory.

export const traceLimits = {
  /** Traces that run or are kept; of those that have ended the oldest makes room. */
  tracesMax: 16,
  /** Of them those of one user that run at a time: each compares all messages with its filter. */
  runningPerUserMax: 4,
  /** How long one may run, … */
  secondsMax: 3600,
  /** … and what it notes before it ends by itself: some 400 bytes each. */
  eventsMax: 10_000,
  /** Messages that one follows; a filter that finds more was none for a few messages. */
  messagesMax: 1000,
  /** Where they are or were: a message may be in many queues. */
  placesMax: 10_000,
  /** Batches of Kafka that are still to be looked into, of all traces. */
  batchesMax: 256,
  /** Ends of transactions that are remembered for them. */
  decidedMax: 256,
  /** Messages that were there before and are looked for at the start, in one stream. */
  foundMax: 100,
  /** Pages of 16 MiB that this may read. */
  pagesMax: 64,
  /** Characters of an id or another text that is noted of a message. */
  textLengthMax: 255,
  /** How long a request waits for events: proxies end one that is quiet for 30 seconds. */
  waitMsMax: 20_000,
  /** Requests that wait for the events of one trace; more are answered at once. */
  waitersMax: 100,
  /** Events of one answer. */
  eventsPerAnswer: 1000,
} as const
