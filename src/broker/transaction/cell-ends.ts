// The end of a transaction in all cells that it has written to: here in one atom, in each other cell by a call, which
// is made again until that cell has all markers durable. A cell that is down delays the end and loses nothing of it;
// what other cells have of it ends meanwhile.
import type { Clock } from '../../lib/clock.ts'
import { GatheredCalls } from '../../lib/gathered-calls.ts'
import { inTime } from '../../lib/in-time.ts'
import { transactionLimits } from '../../limits/transaction.ts'
import type { BranchEnd } from './branch-messages.ts'
import type { EndInCells, TransactionEnd } from './transaction-coordinator.ts'
import type { TransactionPart } from './transaction.ts'

/** Where other cells are asked. */
export interface BranchesElsewhere {
  /** Resolves when the markers of all of these are durable in the cell; rejects when that is not known. */
  end(cell: number, ends: readonly BranchEnd[]): Promise<void>
}

export interface CellEndsOptions {
  readonly clock: Clock
  /** Has everything in this cell written; resolves when it is durable. */
  readonly endHere: EndInCells
  readonly branches: BranchesElsewhere
  /** Its topic was deleted: nobody waits for its marker. */
  readonly isGone: (part: TransactionPart) => boolean
  /** The next owner of this cell goes on with what is not over. */
  readonly isClosed: () => boolean
  /** A cell could not be told of ends, for the first time since it could. */
  readonly onUnreachable: (cell: number, error: Error) => void
}

/** An end in one other cell. */
type EndThere = Omit<BranchEnd, 'attempt'>

/** What parts there are in this cell, and in others by their numbers. */
interface Places {
  readonly here: TransactionPart[]
  readonly there: Map<number, TransactionPart[]>
}

export class CellEnds {
  readonly #options: CellEndsOptions
  /** By cell. */
  readonly #calls = new Map<number, GatheredCalls<EndThere, void>>()
  #attempts = 0

  constructor(options: CellEndsOptions) {
    this.#options = options
  }

  /** Resolves when it is over in all cells, or when this one is closed. Rejects as `endHere`. */
  async end(end: TransactionEnd): Promise<void> {
    const { here, there } = placesOf(end.parts)
    const isHereOnly = there.size === 0
    const { groups: _groups, ...branchEnd } = end
    const elsewhere = Array.from(there, ([cell, parts]) =>
      this.#callsTo(cell).ask({ ...branchEnd, parts }),
    )
    const ended = this.#options.endHere(isHereOnly ? end : { ...end, parts: here })
    await Promise.all([ended, ...elsewhere])
  }

  #callsTo(cell: number): GatheredCalls<EndThere, void> {
    const known = this.#calls.get(cell)
    if (known !== undefined) return known
    const calls = new GatheredCalls<EndThere, void>({
      send: async (ends) => {
        await this.#insist(cell, ends)
        return ends.map(() => undefined)
      },
      sizeOf: ({ parts }) => 1 + parts.length,
      sizeMax: transactionLimits.partsPerCall,
      // Others are gathered meanwhile, and a cell that is down is tried by one at a time.
      inFlightMax: 1,
    })
    this.#calls.set(cell, calls)
    return calls
  }

  async #insist(cell: number, ends: readonly EndThere[]): Promise<void> {
    const { clock, branches, isClosed, onUnreachable } = this.#options
    const late = (): Error => new Error('it does not answer')
    for (let tries = 0; !isClosed(); tries++) {
      const left = this.#stillWanted(ends)
      if (left.length === 0) return
      try {
        await inTime(clock, transactionLimits.callMsMax, branches.end(cell, left), late)
        return
      } catch (error) {
        if (tries === 0) onUnreachable(cell, error as Error)
        await new Promise<void>((resolve) => {
          clock.after(transactionLimits.endRetryMs, resolve)
        })
      }
    }
  }

  /** Each time with a later number: what was sent before may still come. */
  #stillWanted(ends: readonly EndThere[]): BranchEnd[] {
    const { isGone } = this.#options
    return ends.flatMap((end) => {
      const parts = end.parts.filter((part) => !isGone(part))
      return parts.length === 0 ? [] : [{ ...end, parts, attempt: ++this.#attempts }]
    })
  }
}

function placesOf(parts: readonly TransactionPart[]): Places {
  const here: TransactionPart[] = []
  const there = new Map<number, TransactionPart[]>()
  for (const part of parts) {
    const cell = part.elsewhere?.cell
    const inCell = cell === undefined ? here : there.get(cell)
    if (inCell === undefined) there.set(cell as number, [part])
    else inCell.push(part)
  }
  return { here, there }
}
