// The events of a live connection as bytes: views when they have changed, and the time. Nothing is made while
// the client has not taken what was made before.
import type { Clock } from '../../lib/clock.ts'
import { liveLimits } from '../../limits/live.ts'
import type { Caller } from '../api/caller.ts'
import type { LiveConnection, LiveConnections, SourceKey } from './live-connections.ts'
import type { AskView } from './live-source.ts'
import { LiveView } from './live-view.ts'

export interface LiveEventsOptions {
  /** What is looked at; by its audience a view shares with others. */
  readonly keys: readonly SourceKey[]
  readonly ask: AskView
  readonly caller: Caller
  readonly clock: Clock
  readonly connections: LiveConnections
  /** The client takes nothing any more. */
  readonly onStuck: () => void
}

export class LiveEvents implements LiveConnection {
  readonly stream: ReadableStream<Uint8Array>
  readonly user: string
  readonly #options: LiveEventsOptions
  readonly #views: readonly LiveView[]
  readonly #giveBack: readonly (() => void)[]
  /** Made, and not handed over. */
  readonly #made: string[] = []
  #timeDueAt = 0
  #hasEnded = false
  #stopSleeping: () => void = () => undefined
  #stuck: { stop(): void } | undefined

  constructor(options: LiveEventsOptions) {
    const { keys, ask, caller, connections } = options
    this.#options = options
    this.user = caller.principal.user
    const sources = keys.map((key) => connections.sourceOf(key, ask))
    this.#views = sources.map(([source], index) => new LiveView(index, source))
    this.#giveBack = sources.map(([, done]) => done)
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => controller.enqueue(Buffer.from(`retry: ${liveLimits.retryMs}\n\n`)),
        pull: (controller) => this.#pull(controller),
        cancel: () => this.#end(),
      },
      // What is not asked for is not made.
      { highWaterMark: 0 },
    )
    connections.add(this)
  }

  readonly wake = (): void => this.#stopSleeping()

  /** Hands over one event, when there is one. */
  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const { clock, onStuck } = this.#options
    this.#stuck?.stop()
    for (;;) {
      if (this.#hasEnded) return
      const reason = this.#whyOver()
      const event = reason === undefined ? this.#nextEvent() : endEvent(reason)
      if (event !== undefined) controller.enqueue(Buffer.from(event))
      if (reason !== undefined) {
        controller.close()
        return this.#end()
      }
      if (event !== undefined) break
      this.#beginDue()
      await this.#sleep()
    }
    this.#stuck = clock.after(liveLimits.stuckMs, onStuck)
  }

  #whyOver(): string | undefined {
    const { caller, clock, connections } = this.#options
    if (connections.endReason !== undefined) return connections.endReason
    return caller.isCurrent(clock.now()) ? undefined : 'the login has ended'
  }

  #nextEvent(): string | undefined {
    const { clock } = this.#options
    if (clock.monotonic() < this.#timeDueAt) return this.#made.shift()
    this.#timeDueAt = clock.monotonic() + liveLimits.timeMs
    return `event: time\ndata: ${clock.now()}\n\n`
  }

  /** Begins to make what is due, the one that is due for longest first. */
  #beginDue(): void {
    const now = this.#options.clock.monotonic()
    let underWay = this.#views.filter(({ isBeingMade }) => isBeingMade).length
    const due = this.#views
      .filter(({ dueAt, isBeingMade }) => !isBeingMade && dueAt <= now)
      .toSorted((a, b) => a.dueAt - b.dueAt)
    for (const view of due) {
      if (underWay >= liveLimits.atOnceMax) return
      underWay += 1
      void this.#make(view)
    }
  }

  async #make(view: LiveView): Promise<void> {
    const event = await view.make()
    if (event !== undefined && !this.#hasEnded) this.#made.push(event)
    this.wake()
  }

  /** Until something is due, or has been made. */
  async #sleep(): Promise<void> {
    const { clock } = this.#options
    const waiting = this.#views.filter(({ isBeingMade }) => !isBeingMade)
    const isFull = this.#views.length - waiting.length >= liveLimits.atOnceMax
    const dueAt = isFull ? [] : waiting.map((view) => view.dueAt)
    const ms = Math.max(0, Math.min(this.#timeDueAt, ...dueAt) - clock.monotonic())
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#stopSleeping = resolve
    const timer = clock.after(ms, resolve)
    await promise
    timer.stop()
  }

  #end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#stuck?.stop()
    for (const done of this.#giveBack) done()
    this.#options.connections.remove(this)
    this.wake()
  }
}

function endEvent(reason: string): string {
  return `event: end\ndata: ${JSON.stringify({ reason })}\n\n`
}
