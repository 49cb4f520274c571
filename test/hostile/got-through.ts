// Whether an attack did what it says: the broker let it in, and took as much of it as shows that its
// bounds were reached or that it ended what went past them.
import type { Outcome } from './attack.ts'

const megabyte = 1_000_000

/** What each kind has to get through, unless the broker says that it has no memory for it. */
const leastSizes: Readonly<Record<string, number>> = {
  unreadReturns: 20 * megabyte,
  unreadGets: 5 * megabyte,
  unreadAnswers: megabyte,
  halfBodies: 20 * megabyte,
  largeHeaders: 10 * megabyte,
  halfFrames: 10 * megabyte,
  halfHandshakes: megabyte,
  channels: 100_000,
  consumers: 4 * megabyte,
  queues: 4 * megabyte,
  durableQueues: 4 * megabyte,
  bindings: 4 * megabyte,
  transactions: 10 * megabyte,
  publishes: 20 * megabyte,
  deafConsumers: 5 * megabyte,
  unackedDeliveries: megabyte,
  directReplies: 10 * megabyte,
  noise: 100_000,
  halfRequests: 20 * megabyte,
  unreadFetches: megabyte,
  unreadDescriptions: megabyte,
  behindLongPolls: megabyte,
  topics: 100_000,
  joins: 2 * megabyte,
  offsets: megabyte,
  bombs: 10_000,
  produces: 20 * megabyte,
  fetchSessions: megabyte,
  kafkaNoise: 100_000,
}

/** Kinds whose connections the broker closes for what they are; all others only for want of memory. */
const codesOf: Readonly<Record<string, readonly number[]>> = {
  noise: [501, 502, 503, 504, 505, 540],
}
const resourceError = 506

/** Whether the attack was one. */
export function gotThrough({ kind, opened, sentSize, codes }: Outcome): boolean {
  // Those that stop in the middle of the handshake are never open.
  const isIn = opened > 0 || kind === 'halfHandshakes'
  return isIn && (sentSize >= (leastSizes[kind] ?? 0) || codes.includes(resourceError))
}

/** Closes that the attack is not meant to get: it does something else than it says. */
export function strayCodes({ kind, codes }: Outcome): number[] {
  const meant = codesOf[kind] ?? []
  return codes.filter((code) => code !== resourceError && !meant.includes(code))
}
