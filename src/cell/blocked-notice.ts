// Says in the log why publishers wait: once for all cells of a node, however many of them have no room in the same
// place, and once when none of them has publishers that wait.
import type { Logger } from '../lib/logger.ts'
import type { FullPlace } from '../log/full-place.ts'
import type { BlockedReason } from '../log/log-store.ts'

const adviceOn: Readonly<Record<FullPlace, string>> = {
  postgres: "PostgreSQL's disk is full, make room there",
  objects: 'the store of objects is full, make room there or raise its quota',
  rows: 'too much waits for the store of objects, look at why that does not take it',
}

/** What one cell says of itself. */
export interface BlockedTeller extends Disposable {
  tell(reason: BlockedReason | undefined, place: FullPlace | undefined): void
}

export class BlockedNotice {
  readonly #logger: Logger
  /** Why each of those waits that do. */
  readonly #waiting = new Map<BlockedTeller, string>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  open(): BlockedTeller {
    const teller: BlockedTeller = {
      tell: (reason, place) => this.#note(teller, reason && sentenceOf(reason, place)),
      [Symbol.dispose]: () => void this.#waiting.delete(teller),
    }
    return teller
  }

  #note(teller: BlockedTeller, sentence: string | undefined): void {
    const known = this.#waiting.get(teller)
    if (known === sentence) return
    if (sentence === undefined) {
      this.#waiting.delete(teller)
      if (this.#waiting.size === 0) this.#logger.info('Publishers are no longer blocked')
      return
    }
    const isSaid = Array.from(this.#waiting.values()).includes(sentence)
    this.#waiting.set(teller, sentence)
    if (!isSaid) this.#logger.warn(`Publishers are blocked: ${sentence}`)
  }
}

function sentenceOf(reason: BlockedReason, place: FullPlace | undefined): string {
  if (reason === 'disk fails') return `${reason}; writing is tried again until it works`
  const advice = place === undefined ? 'free some space on the data disk' : adviceOn[place]
  return `${reason}; ${advice}`
}
