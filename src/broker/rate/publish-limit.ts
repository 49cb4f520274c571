// What bounds the messages and bytes that come in for one user, virtual host, queue or connection, whoever of
// its publishers sends them. A publisher that leaves it in debt waits until the debt is paid; those who wait
// go on one after the other, each in a turn of its own, in the order in which they began to wait.
import type { Clock, Timer } from '../../lib/clock.ts'
import { type Turn, turnPhase, type TurnTask } from '../../lib/turn.ts'
import { rateLimits } from '../../limits/rate.ts'
import { TokenBucket } from './token-bucket.ts'

/** Per second; undefined is no limit. */
export interface PublishRate {
  readonly messages: number | undefined
  readonly bytes: number | undefined
}

export const noRate: PublishRate = { messages: undefined, bytes: undefined }

/** A publisher that waits. */
export interface RateWaiter {
  /** It may go on; called once for each `wait`. */
  onPaid(): void
}

export interface RateContext {
  readonly clock: Clock
  readonly turn: Turn
}

export class PublishLimit implements TurnTask {
  readonly rate: PublishRate
  readonly #context: RateContext
  readonly #messages: TokenBucket | undefined
  readonly #bytes: TokenBucket | undefined
  readonly #waiting = new Set<RateWaiter>()
  #isLifted = false
  /** Runs only while somebody waits. */
  #timer: Timer | undefined

  constructor(context: RateContext, rate: PublishRate) {
    this.rate = rate
    this.#context = context
    const { clock } = context
    this.#messages = rate.messages === undefined ? undefined : new TokenBucket(clock, rate.messages)
    this.#bytes = rate.bytes === undefined ? undefined : new TokenBucket(clock, rate.bytes)
  }

  /** How long a publisher has to wait before its next message, in ms; 0 when it need not. */
  get debtMs(): number {
    if (this.#isLifted) return 0
    return Math.max(this.#messages?.debtMs ?? 0, this.#bytes?.debtMs ?? 0)
  }

  /** Counts what was published. */
  take(messages: number, bytes: number): void {
    this.#messages?.take(messages)
    this.#bytes?.take(bytes)
  }

  /** Tells `waiter` when the debt is paid and it is its turn. */
  wait(waiter: RateWaiter): void {
    this.#waiting.add(waiter)
    if (this.#timer === undefined) this.#arm()
  }

  /** It does not wait any more. */
  forget(waiter: RateWaiter): void {
    this.#waiting.delete(waiter)
    if (this.#waiting.size > 0) return
    this.#timer?.stop()
    this.#timer = undefined
  }

  /** It holds no more: its debt is forgotten, and who waits goes on. */
  lift(): void {
    this.#isLifted = true
    this.#timer?.stop()
    this.#timer = undefined
    this.#goOn()
  }

  /** The one before has had its turn: whether the next one may go on depends on what it published. */
  runTurn(): void {
    this.#goOn()
  }

  #arm(): void {
    const ms = Math.max(this.debtMs, rateLimits.pauseMsMin)
    this.#timer = this.#context.clock.after(ms, () => {
      this.#timer = undefined
      this.#goOn()
    })
  }

  #goOn(): void {
    const [first] = this.#waiting
    if (first === undefined || this.#timer !== undefined) return
    if (this.debtMs > 0) {
      this.#arm()
      return
    }
    this.#waiting.delete(first)
    first.onPaid()
    if (this.#waiting.size > 0) this.#context.turn.schedule(turnPhase.dispatch, this)
  }
}

/** The limit of this rate; that of before when nothing has changed: its debt goes on. */
export function limitFor(
  context: RateContext,
  rate: PublishRate,
  before: PublishLimit | undefined,
): PublishLimit | undefined {
  const { messages, bytes } = rate
  if (messages === undefined && bytes === undefined) return undefined
  if (before?.rate.messages === messages && before?.rate.bytes === bytes) return before
  return new PublishLimit(context, rate)
}

/**
 * A limit below zero is none. Zero is refused where limits are set; a queue may have it, or no number at
 * all, from a version that did not know the argument.
 */
export function rateOf(messages: number | undefined, bytes: number | undefined): PublishRate {
  const rate = { messages: aboveZero(messages), bytes: aboveZero(bytes) }
  // The same for all: there may be many queues.
  return rate.messages === undefined && rate.bytes === undefined ? noRate : rate
}

function aboveZero(limit: number | undefined): number | undefined {
  return limit !== undefined && limit > 0 ? limit : undefined
}
