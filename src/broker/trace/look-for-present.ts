// Looks in a stream for messages of a trace that were there before it began.
import type { Clock } from '../../lib/clock.ts'
import { traceLimits } from '../../limits/trace.ts'
import type { BrowsePlace } from '../browse/browse-start.ts'
import type { BrowsedMessage } from '../browse/browsed-message.ts'
import type { Destination } from '../destination.ts'
import type { Browse } from './batch-looks.ts'
import { identityOf } from './message-identity.ts'
import { logsOf, tracePlaceOf } from './stream-places.ts'
import type { MessageIdentity } from './trace-event.ts'
import type { Trace } from './trace.ts'

export interface LookContext {
  readonly clock: Clock
  browse: Browse
}

/** As far as so much can be read; of a stream that goes, or cannot be read, what was found until then. */
export async function lookForPresent(
  trace: Trace,
  stream: Destination,
  context: LookContext,
): Promise<void> {
  let after: BrowsePlace | undefined
  let count: number = traceLimits.foundMax
  for (let page = 0; page < traceLimits.pagesMax && count > 0; page++) {
    if (!trace.isRunning || stream.isDeleted) return
    // In the order of the messages.
    const identities: MessageIdentity[] = []
    const { messages, next } = await context.browse(stream, {
      start: { kind: 'head' },
      after,
      count,
      payloadSizeMax: 0,
      filter: (looked) => {
        const isWanted = trace.filter(looked)
        if (isWanted) identities.push(identityOf(looked.view))
        return isWanted
      },
    })
    for (const [at, message] of messages.entries()) {
      noteFound(trace, stream, { message, identity: identities[at]!, now: context.clock.now() })
    }
    if (next === undefined) return
    after = next
    count -= messages.length
  }
}

interface Found {
  readonly message: BrowsedMessage
  readonly identity: MessageIdentity
  readonly now: number
}

function noteFound(trace: Trace, stream: Destination, { message, identity, now }: Found): void {
  const { partition, offset, exchange, routingKey, state } = message
  const hasOwnLog = stream.kind === 'queue' && stream.source !== undefined
  const index = hasOwnLog && partition !== undefined ? partition + 1 : (partition ?? 0)
  const log = logsOf(stream)[index]
  if (log === undefined || trace.find(log.id, offset) !== undefined) return
  const number = trace.numberOf(identity)
  if (number === 0) return
  trace.follow(log.id, offset, number)
  const place = tracePlaceOf(stream, { index, offset })
  trace.add({
    at: now,
    message: number,
    kind: 'found',
    place,
    exchange,
    routingKey,
    reason: state,
    identity,
  })
}
