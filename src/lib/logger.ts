// The program's log: one line per event on stderr, JSON for machines and coloured text for people.
// Never a payload, a password or a header of a message.
import { pino } from 'pino'

/** Writes events; `child({ area: 'amqp' })` adds fields to each. */
export type Logger = pino.Logger

/** How the log is written. */
export interface LoggerOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** `auto` is `human` when stderr is a terminal. */
  readonly format: 'auto' | 'human' | 'json'
}

const stderr = 2

/** What never reaches the log, wherever an object that carries it is logged. */
const secrets = ['password', '*.password', 'passwordFile', 'response', '*.response']

const baseOptions: pino.LoggerOptions = {
  base: null,
  redact: { paths: secrets, remove: true },
  timestamp: pino.stdTimeFunctions.isoTime,
}

/** Opens the log on stderr. Lines are written before the call returns, so a crash loses none. */
export async function createLogger({ level, format }: LoggerOptions): Promise<Logger> {
  const isHuman = format === 'human' || (format === 'auto' && process.stderr.isTTY)
  if (!isHuman) {
    const formatters = { level: (label: string) => ({ level: label }) }
    const destination = pino.destination({ fd: stderr, sync: true })
    return pino({ ...baseOptions, level, formatters }, destination)
  }
  // Loaded only here: it is slow to load, and most brokers write JSON.
  const { PinoPretty } = await import('pino-pretty')
  const pretty = PinoPretty({
    destination: stderr,
    sync: true,
    colorize: process.stderr.isTTY,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'area',
    messageFormat: '{if area}[{area}] {end}{msg}',
  })
  return pino({ ...baseOptions, level }, pretty)
}

/** A log that keeps nothing, for tests and for embedding programs that gave none. */
export const silentLogger: Logger = pino({ level: 'silent' })
