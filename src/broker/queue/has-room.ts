import { brokerLimits } from '../../limits/broker.ts'
import type { Incoming } from './incoming.ts'
import type { QueueBacklog } from './queue-backlog.ts'
import type { QueueSettings } from './queue-settings.ts'

interface LimitedQueue {
  readonly settings: QueueSettings
  /** Delivers what consumers have room for. */
  deliverReady(): void
}

/** Dead letters that found no queue and are kept, and the bytes of their bodies. */
interface KeptLetters {
  readonly keptCount: number
  readonly keptSize: number
}

/** Whether the limits of a queue let so many more messages in, of so many bytes. Not within an atom. */
export function hasRoomFor(
  queue: LimitedQueue,
  backlog: QueueBacklog,
  { keptCount, keptSize }: KeptLetters,
  incoming: Incoming,
): boolean {
  const { lengthMax, sizeMax } = queue.settings
  if (keptCount >= brokerLimits.keptDeadLettersMax) return false
  const lengthLeft = lengthMax - keptCount - incoming.count
  const sizeLeft = sizeMax - keptSize - incoming.size
  // Sizes count what open transactions have, too.
  const fits = (): boolean =>
    backlog.waitingCount + backlog.hiddenCount <= lengthLeft && backlog.readySize <= sizeLeft
  if (fits()) return true
  // What consumers can have does not count.
  queue.deliverReady()
  return fits()
}
