// Pausing a queue: what is in it stays, what is published comes in, and nobody gets any of it until it is resumed,
// whether it consumes or asks for one message. What is unacked can be settled meanwhile; times to live and limits of
// length act as ever. A pause of a durable queue is in the log's keyed state and outlives restarts.
import type { LogStore } from '../log/log-store.ts'
import type { Ticket } from '../log/ticket.ts'
import { BrokerError } from './broker-error.ts'
import type { Destination } from './destination.ts'
import type { Queue } from './queue/queue.ts'

/** What pauses need of their broker. */
export interface PausingBroker {
  readonly store: LogStore
  readonly clock: { now(): number }
  workQueues(): Iterable<Queue>
}

const keyPrefix = 'paused/'

/**
 * Nothing is delivered from now on. A paused queue stays paused since when it was. Throws `resource_exhausted` where the
 * log has no room to remember it. Not within an atom.
 */
export function pauseQueue({ store, clock }: PausingBroker, queue: Queue): Ticket | undefined {
  if (queue.pausedAt > 0) return undefined
  const now = clock.now()
  // What a consumer with room would have got in this turn, it gets.
  queue.deliverReady()
  const ticket = keep(store, queue, now)
  queue.pausedAt = now
  return ticket
}

/** Consumers get what waits. Not within an atom. */
export function resumeQueue({ store }: PausingBroker, queue: Queue): Ticket | undefined {
  if (queue.pausedAt === 0) return undefined
  const ticket = keep(store, queue, 0)
  queue.pausedAt = 0
  queue.onReadable()
  return ticket
}

/** The queue is about to be deleted. Not within an atom. */
export function forgetPause(store: LogStore, queue: Destination): void {
  if (queue.kind === 'queue' && queue.pausedAt > 0) keep(store, queue, 0)
}

/** To be called when all queues are there. Pauses of queues that are no more are forgotten. */
export function restorePauses(broker: PausingBroker, state: ReadonlyMap<string, Buffer>): void {
  const paused = new Map<string, number>()
  for (const [key, value] of state) {
    if (key.startsWith(keyPrefix)) paused.set(key, value.readDoubleBE(0))
  }
  if (paused.size === 0) return
  for (const queue of broker.workQueues()) {
    const key = keyOf(queue)
    queue.pausedAt = paused.get(key) ?? 0
    paused.delete(key)
  }
  const { store } = broker
  store.beginAtom()
  for (const key of paused.keys()) store.putState(key, undefined)
  store.endAtom()
}

/** `at` is 0 for no pause. */
function keep(store: LogStore, queue: Queue, at: number): Ticket | undefined {
  if (!queue.isDurable || queue.isVolatile) return undefined
  const value = Buffer.alloc(8)
  value.writeDoubleBE(at)
  store.beginAtom()
  const isKept = store.putState(keyOf(queue), at === 0 ? undefined : value)
  const ticket = store.endAtom()
  if (!isKept) throw new BrokerError('resource_exhausted', 'there is no room to remember the pause')
  return ticket
}

function keyOf({ id }: Queue): string {
  return `${keyPrefix}${id}`
}
