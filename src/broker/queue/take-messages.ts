// Takes messages off a queue for a client that has no channel, such as a request by HTTP, as so many basic.get
// would: they are unacked until all of them have been read.
import type { Steps } from '../../lib/slices.ts'
import { brokerLimits } from '../../limits/broker.ts'
import { decodeAddress } from '../../record/message/address.ts'
import { decodeContentHeader } from '../../record/message/content-header.ts'
import type { BasicProperties } from '../../record/message/properties.gen.ts'
import { RecordView } from '../../record/message/record-view.ts'
import { preconditionFailed, queueNotFound } from '../broker-error.ts'
import type { ClientCounters } from '../counters/client-counters.ts'
import type { MessageWatch } from '../trace/message-watch.ts'
import type { SettleReason } from '../unacked-deliveries.ts'
import { countLeft } from './count-left.ts'
import type { Queue } from './queue.ts'

export interface TakeAsked {
  /** Who takes them. */
  readonly user: string
  /** Told while somebody traces messages. */
  readonly watch: MessageWatch
  /** How many messages at most; fewer when those before are large. */
  readonly count: number
  /** What becomes of them; undefined: they are taken as by a consumer that does not ack. */
  readonly settle: SettleReason | undefined
  /** Bytes of a payload that are wanted; Infinity for all. */
  readonly payloadSizeMax: number
  /** Where they are counted. */
  readonly counters: ClientCounters
}

export interface TakenMessage {
  readonly exchange: string
  readonly routingKey: string
  readonly properties: BasicProperties
  /** How often it came back, where that is counted. */
  readonly returnCount: number
  readonly isRedelivered: boolean
  /** How many are ready behind it. */
  readonly leftCount: number
  /** Its start, as far as it was wanted. */
  readonly payload: Buffer
  /** Of the whole payload. */
  readonly payloadSize: number
}

/**
 * Throws `queue_not_found` when the queue goes meanwhile, `resource_locked` as `Queue.take`, and
 * `precondition_failed` for a message that is larger than an answer may be; then nothing has been taken.
 */
export function* takeMessages(queue: Queue, asked: TakeAsked): Steps<TakenMessage[]> {
  const { count, settle, counters } = asked
  const isNoAck = settle === undefined
  const taken: TakenMessage[] = []
  const offsets: number[] = []
  const view = new RecordView()
  let isDone = false
  try {
    for (let size = 0; taken.length < count && size < brokerLimits.takenSizeMax;) {
      if (!(yield* takeOne(queue, view, isNoAck))) {
        counters.gotEmpty++
        break
      }
      asked.watch.observer?.onHandover(queue, view, {
        kind: 'got',
        to: { party: { protocol: 'HTTP', user: asked.user } },
        isRedelivered: queue.isRedelivered,
        isNoAck,
      })
      offsets.push(view.offset)
      checkFits(view, asked.payloadSizeMax)
      const message = copyTaken(queue, view, asked.payloadSizeMax)
      taken.push(message)
      size += brokerLimits.browsedMessageSize + message.payload.length
      yield
    }
    isDone = true
  } finally {
    for (const offset of offsets) {
      if (!isDone) queue.settle(offset, 'requeue')
      else if (isNoAck) queue.drop(offset)
      else queue.settle(offset, settle)
    }
  }
  countTaken(counters, taken, isNoAck)
  return taken
}

/** False when there is none. */
function* takeOne(queue: Queue, view: RecordView, isNoAck: boolean): Steps<boolean> {
  for (;;) {
    const result = queue.take(view, isNoAck)
    if (result !== 'wait') return result === 'record'
    yield new Promise<void>((resolve) => queue.whenReadable(resolve))
    if (queue.isDeleted) throw queueNotFound(queue.vhost, queue.name)
  }
}

function checkFits({ bodyStart, bodyEnd }: RecordView, payloadSizeMax: number): void {
  const payloadSize = bodyEnd - bodyStart
  if (Math.min(payloadSize, payloadSizeMax) <= brokerLimits.takenSizeMax) return
  throw preconditionFailed(
    `a message of ${payloadSize} bytes is larger than an answer may be: ask for at most ${brokerLimits.takenSizeMax} of them with truncate`,
  )
}

export function copyTaken(queue: Queue, view: RecordView, payloadSizeMax: number): TakenMessage {
  const { buffer, addressStart, headerStart, headerEnd, body, bodyStart, bodyEnd, offset } = view
  const payloadSize = bodyEnd - bodyStart
  const shownSize = Math.min(payloadSize, payloadSizeMax)
  const { isRedelivered } = queue
  const payload = Buffer.from(body.subarray(bodyStart, bodyStart + shownSize))
  const copied = {
    ...decodeAddress(buffer, addressStart),
    properties: decodeContentHeader(buffer, headerStart, headerEnd).properties,
    returnCount: isRedelivered ? queue.returnCountOf(offset) : 0,
    isRedelivered,
    payload,
    payloadSize,
  }
  return { ...copied, leftCount: countLeft(queue) }
}

function countTaken(
  counters: ClientCounters,
  taken: readonly TakenMessage[],
  isNoAck: boolean,
): void {
  if (isNoAck) counters.gotNoAck += taken.length
  else counters.got += taken.length
  counters.redelivered += taken.filter(({ isRedelivered }) => isRedelivered).length
}
