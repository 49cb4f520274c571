// Commands that stand in for RabbitMQ's say what those of RabbitMQ said: see record.ts.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { runShim } from '../../../src/shims/run-shim.ts'
import type { ShimProgram } from '../../../src/shims/shim-arguments.ts'
import { TestBroker } from '../../support/start-test-broker.ts'
import { type CommandAnswer, comparable, plainAnswer } from './answer.ts'
import { differences } from './differences.ts'
import { openShop } from './shop.ts'

const file = path.join(import.meta.dirname, 'answers.json')
const recorded = JSON.parse(readFileSync(file, 'utf8')) as readonly CommandAnswer[]

test('commands answer with the words, columns and exit codes of RabbitMQ', async () => {
  await using broker = await TestBroker.start()
  const folder = mkdtempSync(path.join(tmpdir(), 'rabbitmqctl-'))
  const leave = await openShop(broker.url)
  try {
    for (const theirs of recorded) {
      const ours = await run(theirs.line, broker.dataFolder, folder)
      const why = differences[theirs.line]
      const isSame = isEqual(comparable(ours), comparable(theirs))
      if (why === undefined) assert.deepEqual(comparable(ours), comparable(theirs), theirs.line)
      else assert.ok(!isSame, `${theirs.line} is the same by now: take it from differences.ts`)
    }
    const lines = new Set(recorded.map(({ line }) => line))
    assert.deepEqual(
      Object.keys(differences).filter((line) => !lines.has(line)),
      [],
    )
  } finally {
    await leave()
    rmSync(folder, { recursive: true })
  }
})

function isEqual(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

async function run(line: string, dataFolder: string, folder: string): Promise<CommandAnswer> {
  const [program = '', ...argv] = line.replaceAll('{folder}', folder).split(' ')
  const out: string[] = []
  const err: string[] = []
  const told = (lines: string[]) => (text: string) =>
    void lines.push(...text.replaceAll(folder, '{folder}').split('\n'))
  const call = {
    program: program as ShimProgram,
    argv,
    dataFolder,
    input: () => Promise.resolve(''),
  }
  const code = await runShim(call, { out: told(out), err: told(err) })
  return plainAnswer({ line, code, out, err }, undefined)
}
