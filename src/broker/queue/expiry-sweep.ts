// After a start nobody knows which messages at the heads of queues expire, and when, and how large the
// messages are of queues with a limit of bytes. This looks at a few
// queues at a time, so that 100,000 of them neither delay the start nor keep the disk from others.
import type { Clock, Timer } from '../../lib/clock.ts'
import { brokerLimits } from '../../limits/broker.ts'
import type { Queue } from './queue.ts'

export class ExpirySweep {
  readonly #queues: Iterator<Queue>
  readonly #timer: Timer

  constructor(queues: Iterable<Queue>, clock: Clock) {
    this.#queues = queues[Symbol.iterator]()
    this.#timer = clock.every(brokerLimits.expirySweepMs, () => this.#lookAtSome())
  }

  close(): void {
    this.#timer.stop()
  }

  #lookAtSome(): void {
    for (let count = 0; count < brokerLimits.expirySweepCount; count++) {
      const next = this.#queues.next()
      if (next.done === true) return this.close()
      next.value.lookAtRestored()
    }
  }
}
