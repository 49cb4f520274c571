// What clients make the broker hold for a while: parts of messages and requests, parked publishes,
// answers that nobody reads, unacked deliveries. Summed over all connections of all protocols, by kind,
// so that no number of connections, each within its own limits, can use the memory up.
//
// Each connection opens a share and says there what it holds; the account only adds up. What happens
// when a kind is over its budget is decided where it is held.
import { memoryLimits } from '../limits/memory.ts'

export type MemoryKind = keyof typeof memoryLimits.budgets

type Sizes = Record<MemoryKind, number>

/** Whoever holds memory for a client, and can be ended to get it back. */
export interface MemoryHolder {
  /** The broker needs the memory: ends the client, which is told if its protocol has words for it. */
  onMemoryNeeded(): void
}

export interface MemoryAccountOptions {
  /** Bytes that budgets are shares of: before publishers are blocked, and before the heap is full. */
  readonly watermark: number
  /** Told of bytes that have come in. */
  readonly onReceived: (size: number) => void
}

export class MemoryAccount {
  readonly watermark: number
  /** Told of bytes that have come in: nothing grows fast but with them. */
  readonly onReceived: (size: number) => void
  /** Bytes held, by kind. */
  readonly sizes: Sizes = noSizes()
  /** Bytes that may be held, by kind. */
  readonly budgets: Readonly<Sizes>
  readonly #shares = new Set<MemoryShare>()

  constructor({ watermark, onReceived }: MemoryAccountOptions) {
    this.watermark = watermark
    this.onReceived = onReceived
    const budgets = noSizes()
    for (const [kind, { share, sizeMax }] of Object.entries(memoryLimits.budgets)) {
      const size = Math.max(watermark * share, memoryLimits.budgetSizeMin)
      budgets[kind as MemoryKind] = Math.min(size, sizeMax)
    }
    this.budgets = budgets
  }

  /** Whether more than `times` the budget of a kind is held. */
  isOver(kind: MemoryKind, times = 1): boolean {
    return this.sizes[kind] > this.budgets[kind] * times
  }

  get shares(): ReadonlySet<MemoryShare> {
    return this.#shares
  }

  /** A share for one connection, to be closed with it. */
  open(holder: MemoryHolder): MemoryShare {
    const share = new MemoryShare(this, holder, (closed) => this.#shares.delete(closed))
    this.#shares.add(share)
    return share
  }

  /** The share that holds most of a kind, or of everything; undefined when none holds anything. */
  largest(kind?: MemoryKind): MemoryShare | undefined {
    let largest: MemoryShare | undefined
    let size = 0
    for (const share of this.#shares) {
      const held = kind === undefined ? share.total : share.sizes[kind]
      if (held <= size) continue
      largest = share
      size = held
    }
    return largest
  }
}

/** What one connection holds. */
export class MemoryShare {
  readonly holder: MemoryHolder
  readonly sizes: Sizes = noSizes()
  readonly #account: MemoryAccount
  readonly #onClosed: (share: MemoryShare) => void

  constructor(
    account: MemoryAccount,
    holder: MemoryHolder,
    onClosed: (share: MemoryShare) => void,
  ) {
    this.#account = account
    this.holder = holder
    this.#onClosed = onClosed
  }

  get total(): number {
    const { input, parked, output, unacked } = this.sizes
    return input + parked + output + unacked
  }

  /** `size` bytes more are held; less when it is negative. */
  change(kind: MemoryKind, size: number): void {
    this.sizes[kind] += size
    this.#account.sizes[kind] += size
  }

  /** `size` bytes are held now. */
  set(kind: MemoryKind, size: number): void {
    this.change(kind, size - this.sizes[kind])
  }

  /** The connection is gone, and nothing is held for it any more. */
  close(): void {
    for (const kind of Object.keys(this.sizes)) this.set(kind as MemoryKind, 0)
    this.#onClosed(this)
  }
}

function noSizes(): Sizes {
  return { input: 0, parked: 0, output: 0, unacked: 0 }
}
