// A producer that is faster than it may be: its answer says for how long it should wait (KIP-219), and its
// connection is muted until then, whether it does or not.
import type { Broker } from '../../broker/broker.ts'
import type { PublishLimit } from '../../broker/rate/publish-limit.ts'
import type { PublishMeter } from '../../broker/rate/publish-meter.ts'
import type { Publishing } from '../../broker/rate/publish-rates.ts'

const int32Max = 2 ** 31 - 1

export class ProduceThrottle {
  /** Nothing more of the connection is begun. */
  isMuted = false
  readonly #rates: Broker['rates']
  readonly #onUnmuted: () => void
  #meter: PublishMeter | undefined

  /** `onUnmuted` begins what has come since. */
  constructor({ rates }: Pick<Broker, 'rates'>, onUnmuted: () => void) {
    this.#rates = rates
    this.#onUnmuted = onUnmuted
  }

  /** What is produced from now on counts for this user and virtual host, and for nobody before. */
  open(publishing: Publishing): void {
    this.#meter?.close()
    this.#meter = this.#rates.open(publishing, {
      pause: () => (this.isMuted = true),
      resume: () => this.#unmute(),
    })
    if (this.isMuted) this.#unmute()
  }

  /** Before something is produced: its connection is muted while others have left a limit in debt. */
  look(): void {
    if (this.#meter?.isLimited === true) this.#meter.look()
  }

  /** Records and the bytes of their batches, as they were sent, that have gone where `queue` is the limit. */
  onProduced(records: number, bytes: number, queue: PublishLimit | undefined): void {
    if (this.#meter?.isLimited === true) this.#meter.onPublished(records, bytes)
    if (queue !== undefined) this.#meter?.onQueued(queue, records, bytes)
  }

  /** What an answer says now, in ms. */
  get throttleTimeMs(): number {
    return this.isMuted ? Math.min(Math.ceil(this.#meter?.debtMs ?? 0), int32Max) : 0
  }

  /** The connection is gone. */
  close(): void {
    this.#meter?.close()
  }

  #unmute(): void {
    this.isMuted = false
    this.#onUnmuted()
  }
}
