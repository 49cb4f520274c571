import { brokerLimits } from '../limits/broker.ts'
import type { InertNotice } from './inert-settings.ts'

/**
 * Tells what is asked for and has no effect. Queues, exchanges and topics are declared once; consumers
 * come again and again, so what they ask for of a queue is told once.
 */
export class InertWatch {
  readonly #onInert: (notice: InertNotice) => void
  readonly #told = new Set<string>()

  constructor(onInert: (notice: InertNotice) => void) {
    this.#onInert = onInert
  }

  /** Nothing is told where there are no such settings. */
  tell(notice: InertNotice): void {
    if (notice.settings.length === 0) return
    if (notice.kind === 'consumer' && !this.#isNew(notice)) return
    this.#onInert(notice)
  }

  #isNew({ vhost, name, settings }: InertNotice): boolean {
    const key = JSON.stringify([vhost, name, ...settings.map((setting) => setting.name)])
    if (this.#told.has(key)) return false
    if (this.#told.size >= brokerLimits.inertToldMax) this.#told.clear()
    this.#told.add(key)
    return true
  }
}
