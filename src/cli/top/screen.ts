// The screen of a terminal while `pabal top` has it: its lines are replaced, and what was there comes back.
import { styleText } from 'node:util'
import { printable } from '../../lib/printable.ts'

/** As process.stdin, as far as keys need it. */
export interface KeyInput {
  readonly isTTY?: boolean
  setRawMode?(isRaw: boolean): unknown
  on(event: 'data', listener: (keys: Buffer) => void): unknown
  off(event: 'data', listener: (keys: Buffer) => void): unknown
  resume(): unknown
  pause(): unknown
}

/** As process.stdout. */
export interface ScreenOutput {
  readonly rows?: number
  readonly columns?: number
  write(text: string): unknown
}

const enter = '\u001b[?1049h\u001b[?25l'
const leave = '\u001b[?25h\u001b[?1049l'
const home = '\u001b[H'
const clearLine = '\u001b[K'
const clearBelow = '\u001b[J'

export class Screen implements Disposable {
  readonly #input: KeyInput
  readonly #output: ScreenOutput
  readonly #onData: (keys: Buffer) => void

  /** `onKey` is told what the terminal sends for a key. */
  constructor(input: KeyInput, output: ScreenOutput, onKey: (key: string) => void) {
    this.#input = input
    this.#output = output
    this.#onData = (keys) => {
      for (const key of keysIn(keys.toString())) onKey(key)
    }
    output.write(enter)
    if (input.isTTY === true) input.setRawMode?.(true)
    input.on('data', this.#onData)
    input.resume()
  }

  /** Lines that fit. */
  get rows(): number {
    return this.#output.rows || 24
  }

  /** The line at `head` is the head of a table. */
  show(lines: readonly string[], head: number): void {
    const columns = this.#output.columns || 80
    const shown = lines.slice(0, this.rows).map((line, index) => {
      const text = printable(line).slice(0, columns)
      return index === head ? styleText('inverse', text.padEnd(columns)) : text
    })
    this.#output.write(
      `${home}${shown.map((line) => `${line}${clearLine}`).join('\r\n')}${clearBelow}`,
    )
  }

  [Symbol.dispose](): void {
    this.#input.off('data', this.#onData)
    if (this.#input.isTTY === true) this.#input.setRawMode?.(false)
    this.#input.pause()
    this.#output.write(leave)
  }
}

/** Arrows are three characters. */
function keysIn(text: string): string[] {
  // oxlint-disable-next-line no-control-regex
  return text.match(/\u001b\[[A-D]|[\s\S]/g) ?? []
}
