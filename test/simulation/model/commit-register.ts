// The offset that a group has committed for a partition: a register that several may write and read at a time.
import type { Deed } from './deed.ts'
import type { History } from './history.ts'

interface Write {
  readonly offset: number
  readonly deed: Deed
}

/** What is read where nothing was committed. */
const nothing = -1

export class CommitRegister {
  readonly #name: string
  readonly #history: History
  readonly #writes: Write[] = []

  constructor(name: string, history: History) {
    this.#name = name
    this.#history = history
  }

  onWrite(offset: number, deed: Deed): void {
    this.#writes.push({ offset, deed })
  }

  /** Somebody who asked at `askedAt` was told `offset`. Commits before `since` were for another topic. */
  onRead(
    offset: number,
    { askedAt, since, who }: { askedAt: number; since: number; who: string },
  ): void {
    const known = this.#writes.filter(({ deed }) => deed.endedAt >= since && deed.fate !== 'never')
    const isDone = ({ deed }: Write): boolean => deed.hasHappened && deed.endedAt < askedAt
    const isReplaced = (write: Write): boolean =>
      known.some((later) => isDone(later) && later.deed.sentAt > write.deed.endedAt)
    const isPossible =
      offset === nothing
        ? !known.some((write) => isDone(write) && write.deed.sentAt > since)
        : known.some((write) => write.offset === offset && !isReplaced(write))
    if (isPossible) return
    const writes = known.map((write) => `${write.offset} ${write.deed.fate}`).join(', ')
    throw this.#history.fail(`${who} was told ${offset} of ${this.#name}; committed were ${writes}`)
  }
}
