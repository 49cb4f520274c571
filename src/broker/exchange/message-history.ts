// What an x-recent-history exchange remembers: the last messages that went through it, for whoever is
// bound next. In memory: a restart forgets it. Bounded by count, by its own bytes, and by the bytes that
// all histories of a virtual host have together.
import { Fifo } from '../../lib/fifo.ts'
import { brokerLimits } from '../../limits/broker.ts'
import { logLimits } from '../../limits/log.ts'
import { findHeader } from '../../record/message/content-header.ts'
import { type FieldTable, type FieldValue, textOf } from '../../record/message/field-table.ts'
import { sourceFrom } from '../../record/message/fill-source.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import { preconditionFailed } from '../broker-error.ts'
import { valueIdentity } from './value-identity.ts'

/** Bytes that the histories of a virtual host have. */
export interface HistoryBudget {
  size: number
}

const lengthDefault = 20
const lengthArgument = 'x-recent-history-length'
const integerTypes: ReadonlySet<string> = new Set(['byte', 'short', 'signedint', 'long'])

export class MessageHistory {
  readonly #lengthMax: number
  readonly #budget: HistoryBudget
  readonly #messages = new Fifo<RecordSource>()
  #size = 0

  /** Throws `precondition_failed` when the exchange's arguments have no usable length. */
  constructor(args: FieldTable, budget: HistoryBudget) {
    this.#lengthMax = readLength(args)
    this.#budget = budget
  }

  /**
   * Remembers a message, which is copied, and forgets the oldest when there are more than it may have.
   * One that says `x-recent-history-no-store`, or is too large to be written with others, is left out.
   */
  add(source: RecordSource): void {
    if (source.bodyEnd - source.bodyStart > logLimits.inlineBodySizeMax) return
    const { header, headerStart, headerEnd } = source
    const noStore = findHeader(header, headerStart, headerEnd, 'x-recent-history-no-store')
    if (noStore?.type === 'bool' && noStore.value) return
    const message = copyOf(source)
    this.#messages.push(message)
    this.#resize(sizeOf(message))
    while (this.#isOver()) this.#forgetOldest()
  }

  /** From the oldest on; those that are added meanwhile are not among them. */
  messages(): readonly RecordSource[] {
    return this.#messages.toArray()
  }

  /** The exchange is deleted. */
  close(): void {
    while (this.#messages.size > 0) this.#forgetOldest()
  }

  #isOver(): boolean {
    const { historySizeMax, historiesSizeMax } = brokerLimits
    return (
      this.#messages.size > this.#lengthMax ||
      (this.#messages.size > 0 &&
        (this.#size > historySizeMax || this.#budget.size > historiesSizeMax))
    )
  }

  #forgetOldest(): void {
    this.#resize(-sizeOf(this.#messages.shift() as RecordSource))
  }

  #resize(change: number): void {
    this.#size += change
    this.#budget.size += change
  }
}

function sizeOf({ addressEnd, headerEnd, bodyEnd }: RecordSource): number {
  return brokerLimits.keptMessageSize + addressEnd + headerEnd + bodyEnd
}

function copyOf(source: RecordSource): RecordSource {
  const copy = sourceFrom({
    address: Buffer.from(source.address.subarray(source.addressStart, source.addressEnd)),
    header: Buffer.from(source.header.subarray(source.headerStart, source.headerEnd)),
    body: Buffer.from(source.body.subarray(source.bodyStart, source.bodyEnd)),
  })
  copy.hasDeaths = source.hasDeaths
  return copy
}

function readLength(args: FieldTable): number {
  const argument = args.get(lengthArgument)
  if (argument === undefined) return lengthDefault
  const length = Number(argument.value)
  if (integerTypes.has(argument.type) && length > 0) return length
  throw preconditionFailed(
    `Invalid argument ${shown(argument)}, '${lengthArgument}' must be a positive integer`,
  )
}

function shown(argument: FieldValue): string {
  const text = textOf(argument)
  return text === undefined ? valueIdentity(argument) : `<<"${text}">>`
}
