// The broker's log in a simulation: lines go to the trace, and some mean that something is wrong.
import type { LogLine, Logger } from '../../../src/lib/logger.ts'
import { ThreadDeath } from './batch-thread-in-process.ts'

export interface NotingLoggerOptions {
  readonly note: (line: string) => void
  /** The broker itself says that it is broken. */
  readonly onBroken: (line: string) => void
}

/** Lines that no broker writes whose disk gives back what was written. */
const broken =
  /^Unexpected error|^Messages were skipped|^Records are damaged|cannot be decoded|^Lost|missing/

export class NotingLogger implements Logger {
  readonly #options: NotingLoggerOptions

  constructor(options: NotingLoggerOptions) {
    this.#options = options
  }

  debug(...line: LogLine): void {
    this.#note('debug', line)
  }

  info(...line: LogLine): void {
    this.#note('info', line)
  }

  warn(...line: LogLine): void {
    this.#note('warn', line)
  }

  error(...line: LogLine): void {
    this.#note('error', line)
  }

  fatal(...line: LogLine): void {
    this.#note('fatal', line)
  }

  child(): Logger {
    return this
  }

  #note(level: string, line: LogLine): void {
    const text = textOf(line)
    this.#options.note(`${level} ${text}`)
    const said = line.length === 1 ? line[0] : line[1]
    const isBroken = level === 'fatal' || (level === 'error' && broken.test(said))
    // Whoever waited for a thread that died loses their connection.
    if (isBroken && !(errorIn(line) instanceof ThreadDeath)) {
      this.#options.onBroken(detailedTextOf(line))
    }
  }
}

function textOf([first, text]: LogLine): string {
  if (typeof first === 'string') return first
  const { err, ...fields } = first as { readonly err?: unknown }
  const reason = err instanceof Error ? `: ${err.message}` : ''
  const rest = Object.keys(fields).length > 0 ? ` ${JSON.stringify(fields)}` : ''
  return `${text}${rest}${reason}`
}

function detailedTextOf(line: LogLine): string {
  const stack = errorIn(line)?.stack
  return stack === undefined ? textOf(line) : `${textOf(line)}\n${stack}`
}

function errorIn([first]: LogLine): Error | undefined {
  return typeof first === 'object' && 'err' in first ? (first.err as Error) : undefined
}
