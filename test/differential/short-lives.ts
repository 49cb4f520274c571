// Whether a step of a script may leave messages whose time ends by itself. On a busy machine one broker's steps take
// longer than the other's, so a step has to end after such messages have: how long it took must not be seen.
import type { Operation } from './operation.ts'

/** How long messages live that do not outlive their step: long enough to be delivered on a busy machine. */
export const shortMs = 250

/** What moves no message, as long as it closes no channel. */
const stillKinds: ReadonlySet<Operation['kind']> = new Set<Operation['kind']>([
  'checkQueue',
  'declareExchange',
  'checkExchange',
  'bindQueue',
  'unbindQueue',
  'bindExchange',
  'unbindExchange',
  'openSpare',
  'openChannels',
])

export class ShortLives {
  /** Whether a queue has been declared that gives its messages the short time. */
  #hasQueue = false

  /** Whether messages with the short time may be in queues after a step, `hasClosed`: one that closed something. */
  mayBeThere(operation: Operation, hasClosed: boolean): boolean {
    this.#hasQueue ||=
      operation.kind === 'declareQueue' && operation.args['x-message-ttl'] === shortMs
    return isShort(operation) || (this.#hasQueue && (hasClosed || !stillKinds.has(operation.kind)))
  }
}

function isShort(operation: Operation): boolean {
  if (operation.kind === 'transaction') return operation.steps.some(isShort)
  return operation.kind === 'publish' && operation.properties.expiration === String(shortMs)
}
