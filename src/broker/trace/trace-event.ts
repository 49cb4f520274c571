import type { Party } from './party.ts'

/**
 * What happens to a message:
 * `published` it came in; `found` it was there before; `routed` it is in this stream now; `unroutable` no
 * queue is bound for it; `refused` the queue is full; `repeated` it was known by its id and dropped;
 * `delayed` it waits at its exchange; `durable` it is on disk, and may be confirmed; `answered` it went to
 * the client that asked; `decided` its transaction was committed or aborted, as `reason` says; `delivered`, `got` and `fetched` somebody has it; `committed` a group is past it;
 * `acked`, `returned` and `rejected` say what a consumer made of it; `died` it leaves its queue for this
 * reason; `dead_lettered` it is sent on; `kept` no queue takes the dead message and it stays; `dropped` it is
 * gone; `moved`, `replayed` and `due` put it into streams again; `deleted`, `purged` and `stream_deleted`
 * take it away.
 */
export const traceEventKinds = [
  'published',
  'found',
  'routed',
  'unroutable',
  'refused',
  'repeated',
  'delayed',
  'due',
  'durable',
  'decided',
  'answered',
  'delivered',
  'got',
  'fetched',
  'committed',
  'acked',
  'returned',
  'rejected',
  'died',
  'dead_lettered',
  'kept',
  'dropped',
  'moved',
  'replayed',
  'deleted',
  'purged',
  'stream_deleted',
] as const
export type TraceEventKind = (typeof traceEventKinds)[number]

/** Where a message is; the partition only where there may be several. */
export interface TracePlace {
  readonly stream: string
  readonly partition: number | undefined
  /** Undefined where the message is not. */
  readonly offset: number | undefined
}

/** What tells messages apart. */
export interface MessageIdentity {
  readonly messageId: string | undefined
  readonly correlationId: string | undefined
  readonly traceparent: string | undefined
  /** Bytes of its body. */
  readonly size: number
}

/** Where something is told of, and of whom. */
export interface TraceSubject {
  readonly place?: TracePlace | undefined
  readonly exchange?: string | undefined
  readonly party?: Party | undefined
}

export interface TraceEvent extends TraceSubject {
  /** 1 for the first of its trace. */
  readonly sequence: number
  /** Milliseconds since the Unix epoch. */
  readonly at: number
  /** Which of the messages that the trace follows: 1 for the first; what it becomes has its number. */
  readonly message: number
  readonly kind: TraceEventKind
  /** What it belongs to, where it has no place of its own: who may see that may see this. */
  readonly about?: TraceSubject | undefined
  readonly routingKey?: string | undefined
  readonly group?: string | undefined
  /** Of a death: as x-death has it; of what was returned: requeue or fail; of what was found: its state; of what was decided: how. */
  readonly reason?: string | undefined
  readonly isRedelivered?: boolean | undefined
  readonly isNoAck?: boolean | undefined
  /** Of the first that is heard of a message. */
  readonly identity?: MessageIdentity | undefined
}
