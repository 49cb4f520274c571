// The languages an example is written in, and how a program of it is started.

import { join } from 'node:path'
import { findPika } from '../support/find-pika.ts'
import { ExampleProgram } from './example-program.ts'

const examples = join(import.meta.dirname, '../../examples')
const pika = await findPika()

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

export const exampleLanguages: readonly ExampleLanguage[] = [
  language('node', false, (example, program, { args = [], variables }) => {
    const file = join(examples, example, 'node', `${program}.js`)
    return new ExampleProgram(process.execPath, [file, ...args], { ...process.env, ...variables })
  }),
  language('python', 'missing' in pika && pika.missing, (example, program, run) => {
    if ('missing' in pika) throw new Error(pika.missing)
    const { args = [], variables } = run
    const file = join(examples, example, 'python', `${program.replaceAll('-', '_')}.py`)
    const { command, env } = pika.python
    return new ExampleProgram(command, [file, ...args], { ...env, ...variables })
  }),
]
