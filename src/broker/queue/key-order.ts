// The order of messages with the same key (`x-order-by-key`): one of a key is out at a time, from its first delivery to
// its end, however often it comes back meanwhile and however long it waits for its next try. Later ones of the key
// wait for it, in their order; those of other keys go on.
//
// Memory follows what is out and what waits for it: `brokerLimits.delayedRetriesMax` of the latter, then the queue
// delivers nothing more until some have gone.
import { hash } from 'node:crypto'
import { keyOfView } from '../../crossing/message-key.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { QueueBacklog } from './queue-backlog.ts'

/** The messages of one key that have been looked at. */
interface Line {
  /** Who is out, or may go out next. */
  owner: number
  /** Places in their order, those before `head` have gone. */
  waiting: number[]
  head: number
}

/** Longer keys are held as their hash. */
const keySizeMax = 64
const headMax = 1024

export class KeyOrder {
  readonly #backlog: Pick<QueueBacklog, 'wake' | 'dropDelayed' | 'isAcked'>
  readonly #lines = new Map<string, Line>()
  /** The key of each owner. */
  readonly #keys = new Map<number, string>()

  constructor(backlog: Pick<QueueBacklog, 'wake' | 'dropDelayed' | 'isAcked'>) {
    this.#backlog = backlog
  }

  /** Whether the message may go out; otherwise it waits, and is to be put back. Without a key it always may. */
  admit(view: RecordView): boolean {
    const found = keyOfView(view)
    if (found === undefined) return true
    const { offset: place } = view
    const key = textOfKey(found)
    const line = this.#lines.get(key)
    if (line === undefined) {
      this.#lines.set(key, { owner: place, waiting: [], head: 0 })
      this.#keys.set(place, key)
      return true
    }
    if (line.owner === place) return true
    insert(line, place)
    return false
  }

  /** The message has ended, in whatever way. True when that has made another one ready. */
  end(place: number): boolean {
    const key = this.#keys.get(place)
    if (key === undefined) return false
    this.#keys.delete(place)
    const line = this.#lines.get(key)!
    const next = line.waiting[line.head]
    if (next === undefined) {
      this.#lines.delete(key)
      return false
    }
    line.head++
    if (line.head >= headMax && line.head * 2 > line.waiting.length) {
      line.waiting = line.waiting.slice(line.head)
      line.head = 0
    }
    line.owner = next
    this.#keys.set(next, key)
    this.#backlog.wake(next)
    return true
  }

  /** Ready messages may have gone without an end: those of others that waited for them go on. True when some do. */
  sweep(): boolean {
    const gone = [...this.#keys.keys()].filter((place) => this.#backlog.isAcked(place))
    let hasWoken = false
    for (const place of gone) if (this.end(place)) hasWoken = true
    return hasWoken
  }

  /** Drops what waits and returns how much that was. Within an atom. */
  purge(): number {
    let count = 0
    for (const line of this.#lines.values()) {
      for (const place of line.waiting.slice(line.head)) this.#backlog.dropDelayed(place)
      count += line.waiting.length - line.head
      line.waiting = []
      line.head = 0
    }
    this.sweep()
    return count
  }

  /** The order counts no more: all that waits is ready. */
  release(): void {
    for (const { waiting, head } of this.#lines.values()) {
      for (const place of waiting.slice(head)) this.#backlog.wake(place)
    }
    this.#lines.clear()
    this.#keys.clear()
  }
}

function textOfKey(key: Buffer): string {
  return key.length <= keySizeMax ? key.toString('latin1') : `#${hash('sha256', key, 'base64')}`
}

/** At its place: as a rule behind all others; where messages were brought back, before those. */
function insert({ waiting, head }: Line, place: number): void {
  let at = waiting.length
  while (at > head && waiting[at - 1]! > place) at--
  waiting.splice(at, 0, place)
}
