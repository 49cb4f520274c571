// contexts.yaml: brokers by name, and which of them is meant when a command names none.
import { chmodSync, existsSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { findClosestName } from '../lib/closest-name.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { readSmallFile } from '../settings/settings-file.ts'
import type { Terminal } from './terminal.ts'

/** A broker by name: a data folder of this machine, or a URL and how to log in there. */
export interface BrokerContext {
  readonly data?: string
  readonly url?: string
  readonly user?: string
  readonly 'password-file'?: string
  /** Only where somebody asked for it to be kept. */
  readonly password?: string
  readonly 'token-file'?: string
  readonly 'tls-ca'?: string
}

export interface Contexts {
  readonly current: string | undefined
  readonly byName: ReadonlyMap<string, BrokerContext>
}

const keys = ['data', 'url', 'user', 'password-file', 'password', 'token-file', 'tls-ca'] as const

type Environment = Readonly<Record<string, string | undefined>>

/** As the XDG base directory specification has it. */
export function contextsPath({ XDG_CONFIG_HOME: given, HOME }: Environment): string {
  // A relative one counts as none, says the specification.
  const folder = given && path.isAbsolute(given) ? given : path.join(HOME ?? homedir(), '.config')
  return path.join(folder, 'pabal', 'contexts.yaml')
}

/** Throws an `ExitError` when the file is none; without one there are no contexts. */
export async function readContexts(
  environment: Environment,
  terminal: Terminal,
): Promise<Contexts> {
  const file = contextsPath(environment)
  if (!existsSync(file)) return { current: undefined, byName: new Map() }
  const { parse } = await import('yaml')
  const contexts = check(file, parseWith(parse, file, await readSmallFile(file, 'contexts')))
  warnOfReaders(file, contexts, terminal)
  return contexts
}

function parseWith(parse: (text: string) => unknown, file: string, text: string): unknown {
  try {
    return parse(text)
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw new ExitError(exitCodes.config, `${file}: ${reason}`)
  }
}

function check(file: string, value: unknown): Contexts {
  const { current, contexts = {}, ...others } = objectIn(file, 'the file', value ?? {})
  refuseUnknown(file, Object.keys(others), ['current', 'contexts'])
  if (current !== undefined && current !== null && typeof current !== 'string') {
    throw new ExitError(exitCodes.config, `${file}: current is no name of a context`)
  }
  const rows = Object.entries(objectIn(file, 'contexts', contexts ?? {}))
  const byName = new Map(rows.map(([name, row]) => [name, checkContext(file, name, row)]))
  return { current: current ?? undefined, byName }
}

function checkContext(file: string, name: string, value: unknown): BrokerContext {
  const context = objectIn(file, `context ${name}`, value)
  refuseUnknown(file, Object.keys(context), keys)
  for (const [key, text] of Object.entries(context)) {
    if (typeof text === 'string') continue
    throw new ExitError(exitCodes.config, `${file}: ${key} of context ${name} is no text`)
  }
  if ('data' in context === 'url' in context) {
    throw new ExitError(exitCodes.config, `${file}: context ${name} needs either data or url`)
  }
  return context
}

function objectIn(file: string, what: string, value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>
  }
  throw new ExitError(exitCodes.config, `${file}: ${what} does not consist of "name: value"`)
}

function refuseUnknown(file: string, given: readonly string[], known: readonly string[]): void {
  const unknown = given.find((key) => !known.includes(key))
  if (unknown === undefined) return
  const closest = findClosestName(unknown, known)
  const advice =
    closest === undefined ? `known are ${known.join(', ')}` : `did you mean ${closest}?`
  throw new ExitError(exitCodes.config, `${file}: unknown key ${unknown}; ${advice}`)
}

function warnOfReaders(file: string, { byName }: Contexts, { tell }: Terminal): void {
  const hasPassword = Array.from(byName.values()).some(({ password }) => password !== undefined)
  if (!hasPassword || (statSync(file).mode & 0o077) === 0) return
  tell(`${file} has passwords in it and others may read it: chmod 600 '${file}'`)
}

/** Only the owner may read it. Throws an `ExitError` when it cannot be written. */
export async function writeContexts(
  environment: Environment,
  { current, byName }: Contexts,
): Promise<void> {
  const file = contextsPath(environment)
  const { stringify } = await import('yaml')
  const text = stringify({ ...(current !== undefined && { current }), contexts: byName })
  const unfinished = `${file}.${process.pid}`
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(unfinished, text, { mode: 0o600 })
    // The mode of a file that was there already is as it was.
    chmodSync(unfinished, 0o600)
    renameSync(unfinished, file)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ExitError(exitCodes.cannotCreate, `cannot write ${file}: ${reason}`)
  }
}

/** Throws an `ExitError` when there is none of that name. */
export function getContext({ byName }: Contexts, name: string): BrokerContext {
  const context = byName.get(name)
  if (context !== undefined) return context
  const closest = findClosestName(name, [...byName.keys()])
  const advice = closest === undefined ? 'see pabal context list' : `did you mean ${closest}?`
  throw new ExitError(exitCodes.noInput, `there is no context '${name}'; ${advice}`)
}
