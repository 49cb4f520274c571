// Where commands say things: results go to stdout and can be piped on, talk goes to stderr.
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { styleText } from 'node:util'
import { printable } from '../lib/printable.ts'

export interface Terminal {
  /** A line of the result. Names in it may hold anything: what a terminal would act on is escaped. */
  readonly print: (line: string) => void
  /** A line above results, bold where colours are shown (NO_COLOR and FORCE_COLOR are heeded). */
  readonly printHead: (line: string) => void
  /** Bytes of a result as they are, for other programs. Resolves when there is room for more. */
  readonly write: (bytes: Uint8Array | string) => Promise<void>
  /** A line that is no part of the result. */
  readonly tell: (line: string) => void
  /** Replaces the last line of talk; does nothing where nobody looks. */
  readonly showProgress: (line: string) => void
  /** What somebody answers; undefined where nobody can be asked. */
  readonly question: (text: string) => Promise<string | undefined>
  /** The same without showing what is typed. */
  readonly secret: (text: string) => Promise<string | undefined>
  /** A person looks at the results. */
  readonly isResultSeen: boolean
  /** A person looks at the talk. */
  readonly isTalkSeen: boolean
}

/** As shells have it: 128 and the number of the signal. */
const interrupted = 130

/** The terminal of this process. */
export function openTerminal({ stdin, stdout, stderr }: typeof process): Terminal {
  const isTalkSeen = stderr.isTTY
  let isProgressShown = false
  const clearProgress = (): void => {
    if (isProgressShown) stderr.write('\r\x1b[K')
    isProgressShown = false
  }
  const ask = async (text: string, isShown: boolean): Promise<string | undefined> => {
    if (!stdin.isTTY || !isTalkSeen) return undefined
    clearProgress()
    const nowhere = new Writable({ write: (_part, _encoding, done) => done() })
    const output = isShown ? stderr : nowhere
    const lines = createInterface({ input: stdin, output, terminal: true })
    // From here on the terminal shows nothing by itself.
    if (!isShown) stderr.write(printable(text))
    lines.once('SIGINT', () => {
      stderr.write('\n')
      process.exit(interrupted)
    })
    try {
      return await lines.question(isShown ? printable(text) : '')
    } finally {
      lines.close()
      if (!isShown) stderr.write('\n')
    }
  }
  return {
    isResultSeen: stdout.isTTY,
    isTalkSeen,
    print(line) {
      clearProgress()
      stdout.write(`${printable(line)}\n`)
    },
    printHead(line) {
      clearProgress()
      stdout.write(`${styleText('bold', printable(line), { stream: stdout })}\n`)
    },
    async write(bytes) {
      clearProgress()
      if (stdout.write(bytes)) return
      await new Promise<void>((resolve) => stdout.once('drain', resolve))
    },
    tell(line) {
      clearProgress()
      stderr.write(`${printable(line)}\n`)
    },
    showProgress(line) {
      if (!isTalkSeen) return
      clearProgress()
      const columns = stderr.columns || 80
      stderr.write(printable(line).slice(0, columns - 1))
      isProgressShown = true
    },
    question: (text) => ask(text, true),
    secret: (text) => ask(text, false),
  }
}
