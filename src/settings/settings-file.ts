// The few files that are read before there is a broker: pabal.yaml, passwords, certificates.
import { isUtf8 } from 'node:buffer'
import { readFile, stat } from 'node:fs/promises'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { definitionsLimits } from '../limits/definitions.ts'
import { programLimits } from '../limits/program.ts'

/** Where settings are looked for when no other file is named. */
export const defaultConfigFile = 'pabal.yaml'

/** Reads a file of at most some kilobytes as UTF-8. Throws an `ExitError` that names it. */
export async function readSmallFile(path: string, what: string): Promise<string> {
  return (await readBytes(path, what)).toString()
}

/** The same where a byte that is no text must not become another: in names and passwords. */
async function readExactText(path: string, what: string, sizeMax?: number): Promise<string> {
  const bytes = await readBytes(path, what, sizeMax)
  if (isUtf8(bytes)) return bytes.toString()
  throw new ExitError(exitCodes.config, `${what} ${path} is not UTF-8: save it as that`)
}

async function readBytes(
  path: string,
  what: string,
  sizeMax: number = programLimits.configFileSizeMax,
): Promise<Buffer> {
  try {
    const { size } = await stat(path)
    if (size > sizeMax) {
      throw new ExitError(exitCodes.noInput, `${what} ${path} is too large to be one`)
    }
    return await readFile(path)
  } catch (error) {
    if (error instanceof ExitError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new ExitError(exitCodes.noInput, `cannot read ${what} ${path}: ${reason}`)
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/**
 * The top level of a YAML file as key → value, or undefined when the default file is not there.
 * A file that was named must exist. Throws an `ExitError` that names line and column.
 */
export async function readConfigFile(
  named: string | undefined,
): Promise<{ readonly path: string; readonly values: ReadonlyMap<string, unknown> } | undefined> {
  const path = named ?? defaultConfigFile
  if (named === undefined && !(await exists(path))) return undefined
  const text = await readSmallFile(path, 'configuration file')
  return { path, values: await parseYaml(path, text) }
}

/** The parser is loaded only when there is a file: most brokers start without one. */
async function parseYaml(path: string, text: string): Promise<ReadonlyMap<string, unknown>> {
  const { LineCounter, parseDocument } = await import('yaml')
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter, prettyErrors: false })
  const [problem] = [...document.errors, ...document.warnings]
  if (problem !== undefined) {
    const { line, col } = lineCounter.linePos(problem.pos[0])
    throw new ExitError(exitCodes.config, `${path}:${line}:${col}: ${problem.message}`)
  }
  const values: unknown = document.toJS()
  if (values === null) return new Map()
  if (typeof values !== 'object' || Array.isArray(values)) {
    throw new ExitError(exitCodes.config, `${path}: write settings as lines of "name: value"`)
  }
  return new Map(Object.entries(values))
}

/** Definitions, which are for others to read. Throws an `ExitError` that names the file. */
export function readDefinitionsFile(path: string): Promise<string> {
  return readExactText(path, 'definitions file', definitionsLimits.fileSizeMax)
}

/** First line of the password file. Throws an `ExitError` when there is none. */
export async function readPasswordFile(path: string): Promise<string> {
  const text = await readExactText(path, 'password file')
  const [password = ''] = text.split(/\r?\n/, 1)
  if (password !== '') return password
  throw new ExitError(
    exitCodes.config,
    `password file ${path} is empty: put the password on its first line`,
  )
}
