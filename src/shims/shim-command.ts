// What commands that stand in for RabbitMQ's are made of.
import type { Answer, BrokerClient, Method } from '../cli/broker-client.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import type { ShimArguments } from './shim-arguments.ts'
import { argumentError, ShimError, shimExitCodes } from './shim-error.ts'
import type { Row, Table } from './write-table.ts'

/** What a command says: a table, a line, or something that JSON has in full and people see as text. */
export type ShimResult =
  | Table
  | string
  | { readonly document: unknown; readonly text: string }
  | undefined

/** A command by name. */
export type ShimCommands = Readonly<Record<string, ShimCommand>>

/** All that comes on stdin. */
export type ReadInput = () => Promise<string>

/** The line above what a command says; nothing is said for an empty one. */
export type CommandBanner = (asked: ShimArguments) => string

export interface ShimCommand {
  readonly usage: string
  readonly operandsMin: number
  readonly operandsMax: number
  /** Options of its own. */
  readonly options: readonly string[]
  readonly banner: CommandBanner | undefined
  /** Rejects with a `ShimError` or an `ExitError`. */
  readonly run: (
    broker: BrokerClient,
    asked: ShimArguments,
    input: ReadInput,
  ) => Promise<ShimResult>
}

interface CommandAsked {
  /** Operands: `<needed> [optional] [any…]`. */
  readonly usage?: string
  readonly options?: readonly string[]
  readonly banner?: CommandBanner
  readonly run: ShimCommand['run']
}

export function command({ usage = '', options = [], banner, run }: CommandAsked): ShimCommand {
  const words = usage === '' ? [] : usage.split(' ')
  const operandsMin = words.filter((word) => word.startsWith('<')).length
  const operandsMax = usage.includes('…') ? Infinity : words.length
  return { usage, operandsMin, operandsMax, options, banner, run }
}

/** What is said of something that is not there. */
export interface Missing {
  readonly message: string
  readonly exitCode: number
  readonly head?: string
}

/** A refusal of the broker, in its own words unless something is missing. */
export function refuse({ status, body }: Answer, missing: Missing): void {
  if (status < 400) return
  if (status === 404) throw new ShimError(missing.exitCode, missing.message, missing.head)
  const { reason = `status ${status}` } = (body ?? {}) as { readonly reason?: string }
  throw new ShimError(exitCodes.unavailable, reason)
}

export async function change(
  broker: BrokerClient,
  [method, segments, body]: readonly [Method, readonly string[], unknown?],
  missing: Missing,
): Promise<undefined> {
  refuse(await broker.ask(method, segments, body), missing)
}

/** What there is; nothing where `segments` name something that is not there and `missing` is left out. */
export async function rowsOf(
  broker: BrokerClient,
  segments: readonly string[],
  missing?: Missing,
): Promise<readonly Row[]> {
  const answer = await broker.ask('GET', segments)
  if (answer.status === 404 && missing === undefined) return []
  refuse(answer, missing ?? noParameter)
  return answer.body as Row[]
}

/** A column of a list: what RabbitMQ calls it, and where the API has it. */
export type ColumnOf = Readonly<Record<string, (row: Row) => unknown>>

/** Names with spaces or line breaks between them. */
export function columnsIn(text: string): readonly string[] {
  return text.trim().split(/\s+/)
}

/**
 * The columns that were asked for, of all that RabbitMQ has; those that have nothing behind them here stay
 * empty. Throws a `ShimError` for others.
 */
export function pickColumns(
  rows: readonly Row[],
  asked: readonly string[],
  { known, from = {} }: { readonly known: readonly string[]; readonly from?: ColumnOf },
): Table {
  const columns = asked.flatMap((word) => word.split(',')).filter((word) => word !== '')
  const unknown = columns.filter((column) => !known.includes(column))
  if (unknown.length > 0) {
    const problem = `Info key(s) ${unknown.join(',')} are not supported`
    throw new ShimError(exitCodes.usage, problem, argumentError)
  }
  const valueOf = (row: Row, column: string): unknown =>
    from[column] === undefined ? row[column] : from[column](row)
  return {
    columns,
    rows: rows.map((row) =>
      Object.fromEntries(columns.map((column) => [column, valueOf(row, column)])),
    ),
  }
}

export const noUser = (name: string): Missing => ({
  message: `User "${name}" does not exist`,
  exitCode: shimExitCodes.noUser,
})
/** As RabbitMQ has it, with nothing above. */
export const noVHost = (name: string): Missing => ({
  message: `Virtual host '${name}' does not exist`,
  exitCode: shimExitCodes.dataError,
  head: '',
})
export const noParameter: Missing = {
  message: 'Parameter does not exist',
  exitCode: exitCodes.unavailable,
}

/** Throws a `ShimError` where there is no such user. */
export async function getUser(broker: BrokerClient, name: string): Promise<Row> {
  const answer = await broker.ask('GET', ['users', name])
  refuse(answer, noUser(name))
  return answer.body as Row
}

/** Throws a `ShimError` where there is no such virtual host. */
export async function checkVHost(broker: BrokerClient, name: string): Promise<void> {
  refuse(await broker.ask('GET', ['vhosts', name]), noVHost(name))
}

/** Throws a `ShimError` for what is no JSON. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ShimError(exitCodes.unavailable, `JSON decoding error of ${text}`)
  }
}
