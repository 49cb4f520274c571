// The ids that one exchange remembers: as many as its settings say, each for a time. With one too
// many the oldest goes. Those that are to outlive the process are in the log's keyed state, each under
// a key of its own that is written in the atom of its message: after a crash both are there or neither.
import type { Clock } from '../../lib/clock.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { PolicyDefinition } from '../../meta/topology-change.ts'
import type { IdNote, MessageIds } from '../exchange/message-ids.ts'
import { type WindowSettings, withPolicy } from './window-settings.ts'

interface Remembered {
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  /** Rises with each that the window takes. */
  readonly sequence: number
  /** Whether the log has it. */
  readonly isKept: boolean
}

/** What a window needs of the others. */
export interface IdWindowContext {
  readonly store: LogStore
  readonly clock: Clock
  /**
   * What the keys of the window's ids begin with; it is written with the first of them, within its
   * atom. Undefined when there is no room for it.
   */
  keyPrefix(window: IdWindow): string | undefined
  /** How many ids it may remember that wants so many: all windows together have a limit. */
  resize(window: IdWindow, wanted: number): number
  onClosed(window: IdWindow): void
}

/** The exchange that it is for. */
export interface WindowOwner {
  readonly vhost: string
  readonly name: string
  readonly isDurable: boolean
}

/** For each message that comes, of those that are too many since a policy says so. */
const forgottenPerMessage = 8

const valueSize = 16

export class IdWindow implements MessageIds {
  readonly owner: WindowOwner
  settings: WindowSettings
  readonly #declared: WindowSettings
  readonly #context: IdWindowContext
  /** Oldest first. */
  #ids = new Map<string, Remembered>()
  readonly #reserved = new Set<string>()
  #nextSequence = 1

  constructor(owner: WindowOwner, settings: WindowSettings, context: IdWindowContext) {
    this.owner = owner
    this.settings = settings
    this.#declared = settings
    this.#context = context
  }

  /** Ids that it holds; some may have expired. */
  get size(): number {
    return this.#ids.size
  }

  has(id: string): boolean {
    const known = this.#ids.get(id)
    if (known !== undefined && !this.#isExpired(known)) return true
    return this.#reserved.has(id)
  }

  reserve(id: string): void {
    this.#reserved.add(id)
  }

  release(id: string): void {
    this.#reserved.delete(id)
  }

  note({ id, ttlMs = this.settings.ttlMs, isRepeat }: IdNote, isDurable: boolean): void {
    const known = this.#ids.get(id)
    if (isRepeat) {
      // Written again, it is durable after the atom that wrote it first.
      if (known?.isKept === true) this.#keep(id, known)
      return
    }
    if (known !== undefined) this.#forget(id, known)
    const now = this.#context.clock.now()
    const expiresAt = now + (ttlMs ?? Infinity)
    if (expiresAt <= now) return
    this.#forgetOld()
    const added = { expiresAt, sequence: this.#nextSequence++, isKept: false }
    const isKept = isDurable && !this.settings.isVolatile && this.#keep(id, added)
    this.#ids.set(id, { ...added, isKept })
  }

  /** Puts an id back that the log's keyed state has; `finishRestore` once all are there. */
  restore(id: string, value: Buffer): void {
    const sequence = value.readDoubleBE(8)
    this.#ids.set(id, { expiresAt: value.readDoubleBE(0), sequence, isKept: true })
  }

  finishRestore(): void {
    this.#ids = new Map([...this.#ids].toSorted(([, a], [, b]) => a.sequence - b.sequence))
    this.#nextSequence = ([...this.#ids.values()].at(-1)?.sequence ?? 0) + 1
  }

  applyPolicy(definition: PolicyDefinition | undefined): void {
    const settings = withPolicy(this.#declared, this.owner.isDurable, definition)
    this.settings = { ...settings, sizeMax: this.#context.resize(this, settings.sizeMax) }
  }

  close(): void {
    this.#context.onClosed(this)
  }

  /** Of a closed window: the ids that the log has, which are forgotten here. */
  takeKept(): string[] {
    const kept = [...this.#ids].filter(([, { isKept }]) => isKept).map(([id]) => id)
    this.#ids.clear()
    return kept
  }

  /** False when there is no room. */
  #keep(id: string, { expiresAt, sequence }: Remembered): boolean {
    const prefix = this.#context.keyPrefix(this)
    if (prefix === undefined) return false
    const value = Buffer.allocUnsafe(valueSize)
    value.writeDoubleBE(expiresAt, 0)
    value.writeDoubleBE(sequence, 8)
    return this.#context.store.putState(prefix + id, value)
  }

  /**
   * Makes room for one more; what has expired at the old end goes as well, two for each that comes, and some
   * of what is too many.
   */
  #forgetOld(): void {
    let count = 0
    for (const [id, oldest] of this.#ids) {
      const isOver = this.#ids.size >= this.settings.sizeMax
      if (isOver ? count >= forgottenPerMessage : count >= 2 || !this.#isExpired(oldest)) return
      this.#forget(id, oldest)
      count++
    }
  }

  #forget(id: string, { isKept }: Remembered): void {
    this.#ids.delete(id)
    if (!isKept) return
    const prefix = this.#context.keyPrefix(this)
    if (prefix !== undefined) this.#context.store.putState(prefix + id, undefined)
  }

  #isExpired({ expiresAt }: Remembered): boolean {
    return expiresAt <= this.#context.clock.now()
  }
}
