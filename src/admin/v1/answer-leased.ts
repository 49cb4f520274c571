// The answer with leased messages. One with a large payload, which can only be the last, is sent in parts: as one
// text it would be several times as large, and more than a text can be.
import type { Context } from 'hono'
import type { LeasedBatch, LeasedMessage } from '../../broker/lease/leases.ts'
import type { Clock, Timer } from '../../lib/clock.ts'
import { leaseLimits } from '../../limits/leases.ts'
import { socketOf } from '../callers.ts'
import { gotJson } from '../rabbitmq/queue-get.ts'

const { wholePayloadSizeMax, partSize, partMsMax } = leaseLimits

export function answerLeased(
  context: Context,
  { messages, onSent }: LeasedBatch,
  clock: Clock,
): Response {
  if (messages.every(({ message }) => message.payloadSize <= wholePayloadSizeMax)) {
    onSent()
    return context.json({ messages: messages.map(leasedJson) })
  }
  const onStalled = (): void => void socketOf(context)?.destroy()
  const parts = new PartsSource(partsOf(messages), { clock, onSent, onStalled })
  const body = new ReadableStream(parts, { highWaterMark: 0 })
  return context.body(body, 200, { 'content-type': 'application/json' })
}

function leasedJson({ receipt, message }: LeasedMessage): object {
  return { receipt, ...gotJson(message, 'auto') }
}

function* partsOf(messages: readonly LeasedMessage[]): Generator<string> {
  let before = '{"messages":['
  for (const leased of messages) {
    yield before
    before = ','
    if (leased.message.payloadSize <= wholePayloadSizeMax) yield JSON.stringify(leasedJson(leased))
    else yield* partsOfLarge(leased)
  }
  yield ']}'
}

function* partsOfLarge({ receipt, message }: LeasedMessage): Generator<string> {
  const { payload } = message
  const { payload: _, ...facts } = gotJson({ ...message, payload: Buffer.alloc(0) }, 'base64')
  yield `${JSON.stringify({ receipt, ...facts }).slice(0, -1)},"payload":"`
  for (let at = 0; at < payload.length; at += partSize) {
    yield payload.subarray(at, at + partSize).toString('base64')
  }
  yield '"}'
}

interface PartsOptions {
  readonly clock: Clock
  /** All of it was taken, or nobody takes it. */
  readonly onSent: () => void
  /** Nobody has taken a part for too long. */
  readonly onStalled: () => void
}

/** Gives one part after the other to whoever takes them in time. */
class PartsSource {
  readonly #parts: Generator<string>
  readonly #options: PartsOptions
  readonly #encoder = new TextEncoder()
  #timer: Timer | undefined

  constructor(parts: Generator<string>, options: PartsOptions) {
    this.#parts = parts
    this.#options = options
  }

  start(): void {
    this.#expectPull()
  }

  pull(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#timer?.stop()
    const { done, value } = this.#parts.next()
    if (done === true) {
      controller.close()
      this.#options.onSent()
      return
    }
    controller.enqueue(this.#encoder.encode(value))
    this.#expectPull()
  }

  cancel(): void {
    this.#timer?.stop()
    this.#options.onSent()
  }

  #expectPull(): void {
    const { clock, onSent, onStalled } = this.#options
    this.#timer = clock.after(partMsMax, () => {
      onStalled()
      onSent()
    })
  }
}
