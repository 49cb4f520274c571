// The lines of one list, as they come: counts first, then a piece of JSON in each line.
import { isObject } from '../../lib/is-object.ts'
import type { JsonObject } from '../api/columns.ts'

export interface Counts {
  readonly total: number
  readonly found: number
}

export class ListLines {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #decoder = new TextDecoder()
  #rest = ''
  #lines: string[] = []
  #at = 0
  #isOver = false

  constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.getReader()
  }

  /** To be called first. @throws Error where the answer breaks off. */
  async counts(): Promise<Counts> {
    const counts = await this.next()
    if (!isObject(counts) || typeof counts['total'] !== 'number') throw new Error('no list')
    return counts as unknown as Counts
  }

  /** Undefined behind the last one. @throws Error where the answer breaks off. */
  async next(): Promise<JsonObject | undefined> {
    while (this.#at >= this.#lines.length) {
      if (this.#isOver) return undefined
      await this.#read()
    }
    return JSON.parse(this.#lines[this.#at++]!) as JsonObject
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => undefined)
  }

  async #read(): Promise<void> {
    const { value, done } = await this.#reader.read()
    if (done) {
      this.#isOver = true
      if (this.#rest !== '') throw new Error('the answer has broken off')
      return
    }
    const lines = `${this.#rest}${this.#decoder.decode(value, { stream: true })}`.split('\n')
    this.#rest = lines.pop() ?? ''
    this.#lines = lines
    this.#at = 0
  }
}
