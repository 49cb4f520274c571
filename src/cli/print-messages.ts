// Prints messages one by one as they come: as lines of a table whose columns cannot wait for all of them, or in a
// form for programs.
import { programLimits } from '../limits/program.ts'
import { showPayload, type ShownPayload } from './show-payload.ts'
import { type OutputFormat, printValue } from './show-rows.ts'
import { showTime } from './show-time.ts'
import type { Terminal } from './terminal.ts'

/** As the broker sends it. */
export interface TailedMessage extends ShownPayload {
  readonly partition?: number
  readonly offset: number
  readonly time: number
  readonly state?: string
  readonly exchange: string
  readonly routing_key: string
  readonly properties?: unknown
}

const columns = [
  ['offset', 8],
  ['time', 24],
  ['state', 8],
  ['bytes', 8],
  ['exchange', 10],
  ['routing key', 12],
] as const

export class MessagePrinter {
  readonly #format: OutputFormat
  readonly #terminal: Terminal
  #hasHead = false

  constructor(format: OutputFormat, terminal: Terminal) {
    this.#format = format
    this.#terminal = terminal
  }

  async print(message: TailedMessage): Promise<void> {
    const { print } = this.#terminal
    switch (this.#format) {
      case 'ndjson':
        return print(JSON.stringify(message))
      case 'name':
        return print(placeOf(message))
      case 'json':
        return printValue(message, 'json', this.#terminal)
      case 'yaml':
        print('---')
        return printValue(message, 'yaml', this.#terminal)
      default:
        return this.#printLine(message)
    }
  }

  #printLine(message: TailedMessage): void {
    const { print, printHead } = this.#terminal
    const isWide = this.#format === 'wide'
    if (!this.#hasHead) {
      const last = isWide ? 'payload and properties' : 'payload'
      printHead([...columns.map(([head, width]) => head.padEnd(width)), last].join('  '))
    }
    this.#hasHead = true
    const { time, state = '', payload_bytes: bytes, exchange, routing_key: key } = message
    const cells = [
      placeOf(message),
      showTime(time),
      state,
      `${bytes}`,
      exchange || '(default)',
      key,
    ]
    const padded = cells.map((cell, index) => cell.padEnd(columns[index]![1]))
    const payload = showPayload(message, programLimits.shownPayloadSize)
    const properties = isWide ? [JSON.stringify(message.properties ?? {})] : []
    print([...padded, payload, ...properties].join('  '))
  }
}

/** With the partition where there are several: `2/17`. */
function placeOf({ partition, offset }: TailedMessage): string {
  return partition === undefined ? `${offset}` : `${partition}/${offset}`
}
