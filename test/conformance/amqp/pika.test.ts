// Runs the Python programs in pika/ against the broker; each is a unittest of its own.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type BrokerUnderTest, startBrokerUnderTest } from '../../support/broker-under-test.ts'
import { findPika, type PikaPython } from '../../support/find-pika.ts'

const folder = join(import.meta.dirname, 'pika')
const programs = readdirSync(folder).filter((name) => /^test_.*\.py$/.test(name))
const search = await findPika()
const skip = 'missing' in search ? search.missing : false

describe('pika', { skip }, () => {
  let broker: BrokerUnderTest
  before(async () => {
    broker = await startBrokerUnderTest()
  })
  after(() => broker[Symbol.asyncDispose]())

  for (const program of programs)
    it(program, async () => {
      if ('missing' in search) return
      const { code, output } = await runPython(search.python, program, broker.url)
      assert.equal(code, 0, output)
      assert.match(output, /Ran [1-9]\d* tests?/)
    })
})

async function runPython(
  python: PikaPython,
  program: string,
  url: string,
): Promise<{ code: number | null; output: string }> {
  const env = { ...python.env, AMQP_URL: `${url}/%2F` }
  const child = spawn(python.command, ['-m', 'unittest', program], { cwd: folder, env })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, output }
}
