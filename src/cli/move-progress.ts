// What a move says on its way, for people: one line that is written over on a terminal, now and then one elsewhere.
import type { Clock } from '../lib/clock.ts'
import { printable } from '../lib/printable.ts'
import { moveLimits } from '../limits/move.ts'
import type { PartProgress } from '../move/mover.ts'
import { sizeText } from './size-text.ts'

/** Where it is said. */
export interface ProgressOutput {
  readonly isTTY?: boolean
  write(text: string): void
}

const clearLine = '\r\u001b[K'

export class MoveProgress {
  readonly #clock: Clock
  readonly #output: ProgressOutput
  readonly #unit: string
  readonly #startedAt: number
  #saidAt: number
  #heldBy: string | undefined
  #isLineOpen = false

  /** `unit` is what is moved: `messages`. */
  constructor(clock: Clock, output: ProgressOutput, unit: string) {
    this.#clock = clock
    this.#output = output
    this.#unit = unit
    this.#startedAt = clock.monotonic()
    this.#saidAt = this.#startedAt
  }

  /** Says how far it is, unless it has just done so and nothing else holds it up. */
  show(parts: readonly PartProgress[]): void {
    const now = this.#clock.monotonic()
    const isTerminal = this.#output.isTTY === true
    const everyMs = isTerminal ? moveLimits.progressMs : moveLimits.progressLineMs
    const heldBy = heldOf(parts)?.reason
    if (now - this.#saidAt < everyMs && heldBy === this.#heldBy) return
    this.#saidAt = now
    this.#heldBy = heldBy
    const line = printable(progressLine(parts, this.#unit, now - this.#startedAt))
    this.#output.write(isTerminal ? `${clearLine}${line}` : `${line}\n`)
    this.#isLineOpen = isTerminal
  }

  /** Whatever is written next begins a line. */
  end(): void {
    if (this.#isLineOpen) this.#output.write('\n')
    this.#isLineOpen = false
  }
}

/** Such as `1500 messages, 3.2 MiB moved, 800/s, 250 left, about 1 s; orders: queue is full`. */
export function progressLine(
  parts: readonly PartProgress[],
  unit: string,
  elapsedMs: number,
): string {
  const { records, bytes } = totalsOf(parts)
  const perSecond = elapsedMs > 0 ? (records * 1000) / elapsedMs : 0
  const words = [`${records} ${unit}`, `${sizeText(bytes)} moved`, `${Math.round(perSecond)}/s`]
  const left = leftOf(parts)
  if (left !== undefined) words.push(`${left} left`)
  if (left !== undefined && left > 0 && perSecond > 0) {
    words.push(`about ${Math.ceil(left / perSecond)} s`)
  }
  const held = heldOf(parts)
  return `${words.join(', ')}${held === undefined ? '' : `; ${held.name}: ${held.reason}`}`
}

/** What does not go on for now. */
function heldOf(parts: readonly PartProgress[]): PartProgress | undefined {
  return parts.find(({ state, reason }) => state === 'moving' && reason !== undefined)
}

export function totalsOf(parts: readonly PartProgress[]): { records: number; bytes: number } {
  return parts.reduce(
    (sum, { records, bytes }) => ({ records: sum.records + records, bytes: sum.bytes + bytes }),
    { records: 0, bytes: 0 },
  )
}

/** Undefined when it is known of none. */
function leftOf(parts: readonly PartProgress[]): number | undefined {
  const known = parts.flatMap(({ left }) => (left === undefined ? [] : [left]))
  return known.length === 0 ? undefined : known.reduce((sum, left) => sum + left, 0)
}
