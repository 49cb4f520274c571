// When sessions that wait for their client end, and when their wills are published meanwhile.
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Session } from './session.ts'

export interface SessionTimersContext {
  readonly clock: Clock
  /** Its client has not come back in time. */
  onExpired(session: Session): void
  /** Its client has not come back before its will is due. */
  publishWill(session: Session): void
}

export class SessionTimers implements Disposable {
  readonly #context: SessionTimersContext
  readonly #expiries = new Map<Session, Timer>()
  readonly #delayedWills = new Map<Session, Timer>()

  constructor(context: SessionTimersContext) {
    this.#context = context
  }

  /** It waits for its client from `leftAt` on, as long as it may; its will waits no longer. */
  wait(session: Session): void {
    const { clock } = this.#context
    const left = session.leftAt + session.expiryMs - clock.now()
    if (left <= 0) {
      this.#context.onExpired(session)
      return
    }
    this.#expiries.get(session)?.stop()
    if (left !== Infinity)
      this.#expiries.set(
        session,
        clock.after(left, () => this.wait(session)),
      )
    if (session.will !== undefined) this.#delay(session, session.will.delayMs)
  }

  stop(session: Session): void {
    for (const timers of [this.#expiries, this.#delayedWills]) {
      timers.get(session)?.stop()
      timers.delete(session)
    }
  }

  [Symbol.dispose](): void {
    for (const timer of [...this.#expiries.values(), ...this.#delayedWills.values()]) timer.stop()
  }

  #delay(session: Session, delayMs: number): void {
    const { clock } = this.#context
    const dueAt = session.leftAt + delayMs
    const send = (): void => {
      this.#delayedWills.delete(session)
      if (session.will === undefined) return
      // The clock calls after 24 days at the latest.
      if (dueAt > clock.now()) this.wait(session)
      else this.#context.publishWill(session)
    }
    this.#delayedWills.get(session)?.stop()
    this.#delayedWills.set(session, clock.after(Math.max(0, dueAt - clock.now()), send))
  }
}
