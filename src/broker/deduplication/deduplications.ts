// What all exchanges that deduplicate know: makes their windows, puts back what outlived the last process,
// and forgets what a deleted exchange leaves. In the log's keyed state:
//
//   dedup-window/["vhost","exchange"]   the number of the window (f64)
//   dedup-id/<number>/<id>              when it expires (f64, ms since the epoch; infinity) │ sequence (f64)
//   dedup-queue/<log>/<id>              where the message of a queue is: index of its log (f64) │ offset (f64)
//
// Numbers are not used again while an id has one: an exchange that is deleted and declared again knows
// nothing, however many ids of the former are still to be forgotten.
import type { Clock } from '../../lib/clock.ts'
import { type Turn, turnPhase, type TurnTask } from '../../lib/turn.ts'
import { brokerLimits } from '../../limits/broker.ts'
import type { LogStore } from '../../log/log-store.ts'
import { preconditionFailed } from '../broker-error.ts'
import type { ExchangeDeclaration } from '../exchange/exchange.ts'
import type { MessageIds } from '../exchange/message-ids.ts'
import { IdWindow } from './id-window.ts'
import { type IdentifiedQueue, PresentIds } from './present-ids.ts'
import { readWindowSettings } from './window-settings.ts'

export interface DeduplicationsOptions {
  readonly store: LogStore
  readonly turn: Turn
  readonly clock: Clock
}

/** What a virtual host makes its exchanges' ids with. */
export interface IdsCreator {
  /** Throws `precondition_failed` for arguments that are none, or when all ids together are too many. */
  check(declaration: ExchangeDeclaration): void
  create(declaration: ExchangeDeclaration): MessageIds
}

const windowKeyPrefix = 'dedup-window/'
const idKeyPrefix = 'dedup-id/'
const queueKeyPrefix = 'dedup-queue/'

export class Deduplications implements TurnTask {
  readonly #options: DeduplicationsOptions
  readonly #windows = new Set<IdWindow>()
  /** Of those that have something in the log. */
  readonly #numbers = new Map<IdWindow, number>()
  #nextNumber = 1
  /** Ids that all exchanges may remember together. */
  #sizeSum = 0
  /** Those of deleted exchanges. */
  #closed: IdWindow[] = []
  /** Those of queues, by the id of the queue's first log, which is never used again. */
  readonly #ofQueues = new Map<number, PresentIds>()
  readonly #presentBudget = { count: 0 }
  /** Keys that nobody needs any more, unless they are written again: a policy may come back. */
  readonly #orphans = new Set<string>()
  #isScheduled = false

  constructor(options: DeduplicationsOptions) {
    this.#options = options
  }

  creatorFor(vhost: string): IdsCreator {
    return {
      check: ({ arguments: args, durable }) => {
        const { sizeMax } = readWindowSettings(args, durable)
        const { deduplicationIdsMax: countMax } = brokerLimits
        if (this.#sizeSum + sizeMax <= countMax) return
        throw preconditionFailed(
          `Invalid argument, 'x-cache-size' of all exchanges together is at most ${countMax}`,
        )
      },
      create: ({ name, arguments: args, durable }) => {
        const settings = readWindowSettings(args, durable)
        const owner = { vhost, name, isDurable: durable }
        const window = new IdWindow(owner, settings, {
          store: this.#options.store,
          clock: this.#options.clock,
          keyPrefix: (asking) => this.#keyPrefix(asking),
          resize: (resized, wanted) => this.#resize(resized, wanted),
          onClosed: (closed) => this.#onClosed(closed),
        })
        this.#windows.add(window)
        this.#sizeSum += settings.sizeMax
        return window
      },
    }
  }

  /** The ids of a queue whose first log is `logId`. */
  openPresentIds(logId: number, queue: IdentifiedQueue): PresentIds {
    const context = {
      store: this.#options.store,
      budget: this.#presentBudget,
      onPut: (key: string) => void this.#orphans.delete(key),
    }
    const ids = new PresentIds(`${queueKeyPrefix}${logId}/`, queue, context)
    this.#ofQueues.set(logId, ids)
    return ids
  }

  /** The queue of these is deleted, or deduplicates no more. */
  closePresentIds(logId: number): void {
    const ids = this.#ofQueues.get(logId)
    if (ids === undefined) return
    this.#ofQueues.delete(logId)
    for (const id of ids.takeKept()) this.#orphans.add(ids.keyPrefix + id)
    this.#schedule()
  }

  /** Takes over what the log's keyed state has; all exchanges and queues are there. */
  restore(state: ReadonlyMap<string, Buffer>): void {
    const byKey = new Map([...this.#windows].map((window) => [windowKey(window), window]))
    const byNumber = new Map<number, IdWindow>()
    for (const [key, value] of state) {
      if (!key.startsWith(windowKeyPrefix)) continue
      const window = byKey.get(key)
      const number = value.readDoubleBE(0)
      this.#nextNumber = Math.max(this.#nextNumber, number + 1)
      if (window === undefined) {
        this.#orphans.add(key)
        continue
      }
      byNumber.set(number, window)
      this.#numbers.set(window, number)
    }
    for (const [key, value] of state)
      if (key.startsWith(idKeyPrefix)) this.#put(key, value, byNumber)
    for (const [key, value] of state)
      if (key.startsWith(queueKeyPrefix)) this.#putOfQueue(key, value)
    for (const window of this.#numbers.keys()) window.finishRestore()
    this.#schedule()
  }

  /** Within the atom of each change of topology: that of an exchange's deletion comes right after it. */
  forgetClosed(): void {
    for (const window of this.#closed) {
      const number = this.#numbers.get(window)
      if (number === undefined) continue
      this.#numbers.delete(window)
      this.#options.store.putState(windowKey(window), undefined)
      const prefix = prefixOf(number)
      for (const id of window.takeKept()) this.#orphans.add(prefix + id)
    }
    this.#closed = []
    this.#schedule()
  }

  runTurn(): void {
    this.#isScheduled = false
    const { store } = this.#options
    store.beginAtom()
    this.forgetClosed()
    let count = 0
    for (const key of this.#orphans) {
      if (count++ === brokerLimits.deduplicationForgetPerTurn) break
      this.#orphans.delete(key)
      store.putState(key, undefined)
    }
    store.endAtom()
    this.#schedule()
  }

  #put(key: string, value: Buffer, windows: ReadonlyMap<number, IdWindow>): void {
    const end = key.indexOf('/', idKeyPrefix.length)
    const number = Number(key.slice(idKeyPrefix.length, end))
    this.#nextNumber = Math.max(this.#nextNumber, number + 1)
    const window = windows.get(number)
    if (window === undefined) this.#orphans.add(key)
    else window.restore(key.slice(end + 1), value)
  }

  #putOfQueue(key: string, value: Buffer): void {
    const end = key.indexOf('/', queueKeyPrefix.length)
    const ids = this.#ofQueues.get(Number(key.slice(queueKeyPrefix.length, end)))
    if (ids?.restore(key.slice(end + 1), value) !== true) this.#orphans.add(key)
  }

  #keyPrefix(window: IdWindow): string | undefined {
    const known = this.#numbers.get(window)
    if (known !== undefined) return prefixOf(known)
    const number = this.#nextNumber
    const value = Buffer.allocUnsafe(8)
    value.writeDoubleBE(number)
    const key = windowKey(window)
    if (!this.#options.store.putState(key, value)) return undefined
    this.#orphans.delete(key)
    this.#nextNumber++
    this.#numbers.set(window, number)
    return prefixOf(number)
  }

  /** A policy cannot be refused for one exchange: it gets what is left. */
  #resize(window: IdWindow, wanted: number): number {
    const others = this.#sizeSum - window.settings.sizeMax
    const granted = Math.max(1, Math.min(wanted, brokerLimits.deduplicationIdsMax - others))
    this.#sizeSum = others + granted
    return granted
  }

  #onClosed(window: IdWindow): void {
    this.#windows.delete(window)
    this.#sizeSum -= window.settings.sizeMax
    this.#closed.push(window)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled || (this.#orphans.size === 0 && this.#closed.length === 0)) return
    this.#isScheduled = true
    this.#options.turn.schedule(turnPhase.dispatch, this)
  }
}

function windowKey({ owner: { vhost, name } }: IdWindow): string {
  return windowKeyPrefix + JSON.stringify([vhost, name])
}

function prefixOf(number: number): string {
  return `${idKeyPrefix}${number}/`
}
