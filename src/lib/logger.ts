// The program's log: one line per event on stderr, JSON for machines and coloured text for people.
// Never a payload, a password or a header of a message.
import { createRequire } from 'node:module'
import type Pino from 'pino'
import type PinoPretty from 'pino-pretty'
import { escapeDeceiving } from './escape-deceiving.ts'

/** What a line says: a text, with fields before it or without. */
export type LogLine = [text: string] | [fields: object, text: string]

/** Writes events; `child({ area: 'amqp' })` adds fields to each. A logger of pino is one, too. */
export interface Logger {
  debug(...line: LogLine): void
  info(...line: LogLine): void
  warn(...line: LogLine): void
  error(...line: LogLine): void
  /** The process ends because of it. */
  fatal(...line: LogLine): void
  child(fields: Record<string, unknown>): Logger
}

/** The program's own log. */
export interface ProgramLogger extends Logger {
  /** Loads what writes the lines; else the first line waits for it. Call it when there is time. */
  prepare(): void
}

/** How the log is written. */
export interface LoggerOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** `auto` is `human` when stderr is a terminal. */
  readonly format: 'auto' | 'human' | 'json'
}

const stderr = 2

/** What never reaches the log, wherever an object that carries it is logged. */
const secrets = ['password', '*.password', 'passwordFile', 'response', '*.response']

/** Loads at once, not with the next turn: a line is written before the call returns. */
const load = createRequire(import.meta.url)

/** The log on stderr. Lines are written before the call returns, so a crash loses none. */
export function createLogger(options: LoggerOptions): ProgramLogger {
  if (options.level === 'silent') return silentLogger
  return new DeferredLogger(() => openPino(options))
}

/** A log that keeps nothing, for tests and for embedding programs that gave none. */
export const silentLogger: ProgramLogger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  fatal: () => undefined,
  child: () => silentLogger,
  prepare: () => undefined,
}

/** Opens the real one with the first line: most brokers are ready before they have one to write. */
class DeferredLogger implements ProgramLogger {
  readonly #open: () => Logger
  #opened: Logger | undefined = undefined

  constructor(open: () => Logger) {
    this.#open = open
  }

  prepare(): void {
    this.#get()
  }

  debug(...line: LogLine): void {
    this.#get().debug(...line)
  }

  info(...line: LogLine): void {
    this.#get().info(...line)
  }

  warn(...line: LogLine): void {
    this.#get().warn(...line)
  }

  error(...line: LogLine): void {
    this.#get().error(...line)
  }

  fatal(...line: LogLine): void {
    this.#get().fatal(...line)
  }

  child(fields: Record<string, unknown>): Logger {
    return new DeferredLogger(() => this.#get().child(fields))
  }

  #get(): Logger {
    this.#opened ??= this.#open()
    return this.#opened
  }
}

function openPino({ level, format }: LoggerOptions): Logger {
  const { pino } = load('pino') as typeof Pino
  const options: Pino.LoggerOptions = {
    base: null,
    level,
    redact: { paths: secrets, remove: true },
    timestamp: pino.stdTimeFunctions.isoTime,
  }
  const destination = pino.destination({ fd: stderr, sync: true })
  const isHuman = format === 'human' || (format === 'auto' && process.stderr.isTTY)
  const toText = isHuman ? openPretty() : (line: string): string => line
  const stream = { write: (line: string) => destination.write(escapeDeceiving(toText(line))) }
  if (isHuman) return pino(options, stream)
  const formatters = { level: (label: string) => ({ level: label }) }
  return pino({ ...options, formatters }, stream)
}

/** From a line of JSON to text for people; control characters of names do not pass it. */
function openPretty(): (line: string) => string {
  // Loaded only here: it is slow to load, and most brokers write JSON.
  const pretty = load('pino-pretty') as typeof PinoPretty
  return pretty.prettyFactory({
    colorize: process.stderr.isTTY,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'area',
    messageFormat: '{if area}[{area}] {end}{msg}',
  })
}
