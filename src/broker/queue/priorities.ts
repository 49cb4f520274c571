// Which messages of a queue go before others. Classic queues with x-max-priority have a level for each
// priority, and a higher one goes first. Quorum queues have two levels, and the higher one goes first
// twice in three times, so that no message waits for ever. Source: RabbitMQ 4.2, rabbit_priority_queue.erl
// and rabbit_fifo_q.erl.
import { readPriority } from '../../record/message/content-header.ts'
import type { RecordSource } from '../../record/message/record-source.ts'

export interface Priorities {
  /** The highest level; the lowest is 0. */
  readonly levelMax: number
  /** Priorities up to this one are level 0, … */
  readonly lowMax: number
  /** … and of three messages one comes from there, if there is one. */
  readonly isFair: boolean
}

/** Of every quorum queue. */
export const quorumPriorities: Priorities = { levelMax: 1, lowMax: 4, isFair: true }

/** Of a classic queue; undefined when all of its messages are equal. */
export function classicPriorities(max: number): Priorities | undefined {
  return max === 0 ? undefined : { levelMax: max, lowMax: 0, isFair: false }
}

/** The level of a message: one without a priority has 0, one above the highest has that. */
export function levelOf({ levelMax, lowMax }: Priorities, source: RecordSource): number {
  const priority = readPriority(source.header, source.headerStart, source.headerEnd) ?? 0
  return Math.min(Math.max(priority - lowMax, 0), levelMax)
}
