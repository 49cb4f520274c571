// A terminal of which a test reads what commands said, and that nobody looks at.
import type { Terminal } from '../../src/cli/terminal.ts'

export interface TerminalDouble extends Terminal {
  /** Lines of the result. */
  readonly printed: string[]
  /** Lines of talk. */
  readonly told: string[]
}

/** `answers` are given to questions in their order; left out, nobody can be asked. */
export function openTerminalDouble(answers?: readonly string[]): TerminalDouble {
  const printed: string[] = []
  const told: string[] = []
  const left = answers?.slice()
  return {
    printed,
    told,
    print: (line) => printed.push(line),
    printHead: (line) => printed.push(line),
    write: async (bytes) => {
      if (bytes.length > 0) printed.push(Buffer.from(bytes as Uint8Array).toString())
    },
    tell: (line) => told.push(line),
    showProgress: () => undefined,
    question: async (text) => {
      if (left !== undefined) told.push(text)
      return left?.shift()
    },
    secret: async () => left?.shift(),
    isResultSeen: false,
    isTalkSeen: false,
  }
}
