// The languages an example is written in, and how a program of it is started.

import { join } from 'node:path'
import { findPython } from '../interop/languages.ts'
import { findPika } from '../support/find-pika.ts'
import { ExampleProgram } from './example-program.ts'

const examples = join(import.meta.dirname, '../../examples')

/** How a program of an example runs. */
interface Run {
  readonly args?: readonly string[]
  /** Environment variables besides those of the tests; `AMQP_URL` is among them. */
  readonly variables: Readonly<Record<string, string>>
}

export interface ExampleLanguage {
  readonly name: string
  /** Why its programs cannot run here. */
  readonly skip: string | false
  /** Starts e.g. `signup` of example `email-tasks` with arguments. */
  start(example: string, program: string, url: string, args?: readonly string[]): ExampleProgram
  /** As `start`, with environment variables of its own. */
  startWith(example: string, program: string, run: Run): ExampleProgram
}

type StartWith = ExampleLanguage['startWith']

function language(name: string, skip: string | false, startWith: StartWith): ExampleLanguage {
  return {
    name,
    skip,
    startWith,
    start: (example, program, url, args = []) =>
      startWith(example, program, { args, variables: { AMQP_URL: url } }),
  }
}

const node = language('node', false, (example, program, { args = [], variables }) => {
  const file = join(examples, example, 'node', `${program}.js`)
  return new ExampleProgram(process.execPath, [file, ...args], { ...process.env, ...variables })
})

interface Python {
  readonly command: string
  readonly env: NodeJS.ProcessEnv
}

function pythonLanguage(python: Python | { readonly missing: string }): ExampleLanguage {
  return language('python', 'missing' in python && python.missing, (example, program, run) => {
    if ('missing' in python) throw new Error(python.missing)
    const { args = [], variables } = run
    const file = join(examples, example, 'python', `${program.replaceAll('-', '_')}.py`)
    return new ExampleProgram(python.command, [file, ...args], { ...python.env, ...variables })
  })
}

/** For examples that speak AMQP. */
export async function findExampleLanguages(): Promise<readonly ExampleLanguage[]> {
  const pika = await findPika()
  return [node, pythonLanguage('missing' in pika ? pika : pika.python)]
}

/**
 * For examples that speak Kafka, too: their Python has the clients of test/interop.
 * @throws Error when it is missing and PABAL_REQUIRE_ALL=1.
 */
export async function findKafkaExampleLanguages(): Promise<readonly ExampleLanguage[]> {
  const found = await findPython()
  if ('missing' in found && process.env['PABAL_REQUIRE_ALL'] === '1')
    throw new Error(`PABAL_REQUIRE_ALL=1, but missing: ${found.missing}`)
  const python =
    'missing' in found
      ? { missing: `missing: ${found.missing}` }
      : { command: found.command, env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' } }
  return [node, pythonLanguage(python)]
}
