// The languages an example is written in, and how a program of it is started.

import { join } from 'node:path'
import { findPika } from '../support/find-pika.ts'
import { ExampleProgram } from './example-program.ts'

const examples = join(import.meta.dirname, '../../examples')
const pika = await findPika()

export interface ExampleLanguage {
  readonly name: string
  /** Why its programs cannot run here. */
  readonly skip: string | false
  /** Starts e.g. `signup` of example `email-tasks` with arguments. */
  start(example: string, program: string, url: string, args?: readonly string[]): ExampleProgram
}

export const exampleLanguages: readonly ExampleLanguage[] = [
  {
    name: 'node',
    skip: false,
    start(example, program, url, args = []) {
      const file = join(examples, example, 'node', `${program}.js`)
      return new ExampleProgram(process.execPath, [file, ...args], {
        ...process.env,
        AMQP_URL: url,
      })
    },
  },
  {
    name: 'python',
    skip: 'missing' in pika ? pika.missing : false,
    start(example, program, url, args = []) {
      if ('missing' in pika) throw new Error(pika.missing)
      const file = join(examples, example, 'python', `${program}.py`)
      const { command, env } = pika.python
      return new ExampleProgram(command, [file, ...args], { ...env, AMQP_URL: url })
    },
  },
]
