// Brings messages to one other cell: many partitions in a call, a few calls at a time, each partition in one of them.
// So the messages of a partition come in their order.
import type { Clock } from '../../lib/clock.ts'
import { spreadLimits } from '../../limits/spread.ts'
import { type CellLine, NobodyAsksError } from './cell-line.ts'
import type { AppendResult } from './record-calls.ts'
import type { Sending, TransitLane } from './transit-lane.ts'

export interface SenderParts {
  readonly clock: Clock
  readonly line: CellLine
  /** Messages could not be read, and are tried again. */
  readonly onTrouble: (error: Error) => void
}

export class CellSender {
  readonly #parts: SenderParts
  readonly #ready = new Set<TransitLane>()
  /** In a call, or waiting to be tried again. */
  readonly #busy = new Set<TransitLane>()
  #sendCount = 0

  constructor(parts: SenderParts) {
    this.#parts = parts
  }

  add(lane: TransitLane): void {
    if (this.#busy.has(lane)) return
    this.#ready.add(lane)
    this.#sendNext()
  }

  #sendNext(): void {
    while (this.#sendCount < spreadLimits.sendsMax && this.#ready.size > 0) {
      const lanes = [...this.#ready].slice(0, spreadLimits.sendPartsMax)
      for (const lane of lanes) {
        this.#ready.delete(lane)
        this.#busy.add(lane)
      }
      this.#sendCount++
      void this.#send(lanes).finally(() => {
        this.#sendCount--
        this.#sendNext()
      })
    }
  }

  async #send(lanes: readonly TransitLane[]): Promise<void> {
    const sendings = await this.#takeFrom(lanes)
    if (sendings.length === 0) return
    const { line } = this.#parts
    const parts = sendings.map(({ part }) => part)
    const bodies = sendings.map((sending) => sending.body)
    const body = bodies.length === 1 ? bodies[0]! : Buffer.concat(bodies)
    try {
      const result = await line.ask(
        (calls) => calls.append(line.cell, { parts }, body),
        () => sendings.every(({ lane }) => lane.log.isDeleted),
      )
      for (const [index, sending] of sendings.entries()) this.#onAnswer(sending, result, index)
    } catch (error) {
      for (const { lane } of sendings) this.#release(lane)
      if (!(error instanceof NobodyAsksError)) throw error
    }
  }

  /** Lanes for which there is no room in the call have their turn in the next. */
  async #takeFrom(lanes: readonly TransitLane[]): Promise<Sending[]> {
    const sendings: Sending[] = []
    let left: number = spreadLimits.sendSizeMax
    for (const lane of lanes) {
      if (left <= 0) {
        this.#release(lane)
        continue
      }
      try {
        const sending = await lane.take(left)
        if (sending === undefined) this.#release(lane)
        else {
          sendings.push(sending)
          left -= sending.body.length
        }
      } catch (error) {
        this.#parts.onTrouble(error as Error)
        this.#tryLater(lane)
      }
    }
    return sendings
  }

  #onAnswer({ lane, body, end }: Sending, { ends }: AppendResult, index: number): void {
    const known = ends[index] ?? null
    if (known === null) {
      // The cell will have the partition in a moment, or the topic goes.
      this.#tryLater(lane)
      return
    }
    // A last message whose body is lost never comes there.
    lane.onSent(Math.max(known, end), body)
    this.#release(lane)
  }

  #tryLater(lane: TransitLane): void {
    this.#parts.clock.after(spreadLimits.retryMsMax, () => this.#release(lane))
  }

  #release(lane: TransitLane): void {
    this.#busy.delete(lane)
    if (lane.hasDurable) this.add(lane)
  }
}
