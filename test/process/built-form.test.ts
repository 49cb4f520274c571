// The published form is built JavaScript in somebody's node_modules, where Node strips no types: its
// threads must be found there, too.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { connect } from 'amqplib'
import { recordLimits } from '../../src/limits/record.ts'
import type { startBroker } from '../../src/start-broker.ts'
import { batchOfRecords, KafkaFixture } from '../support/kafka-fixture.ts'
import { within } from '../support/wait-for.ts'
import { ScratchFolder } from './broker-program.ts'

interface Built {
  readonly startBroker: typeof startBroker
}

const repository = path.join(import.meta.dirname, '../..')
const buildMsMax = 120_000
/** More than is looked at without the thread. */
const recordCount: number = recordLimits.checkedAtOnceWorkMax * 2
const firstTimestamp = 1_700_000_000_000

let folder: ScratchFolder
let built: Built

before(
  async () => {
    folder = new ScratchFolder()
    const home = folder.file('node_modules/pabal')
    mkdirSync(home, { recursive: true })
    copyFileSync(path.join(repository, 'package.json'), path.join(home, 'package.json'))
    symlinkSync(path.join(repository, 'node_modules'), path.join(home, 'node_modules'))
    const compiler = path.join(repository, 'node_modules/typescript/bin/tsc')
    const project = ['-p', path.join(repository, 'tsconfig.build.json')]
    const target = ['--outDir', path.join(home, 'dist')]
    await promisify(execFile)(process.execPath, [compiler, ...project, ...target])
    const entry = path.join(home, 'dist/start-broker.js')
    built = (await import(pathToFileURL(entry).href)) as Built
  },
  { timeout: buildMsMax },
)
after(() => folder[Symbol.dispose]())

async function consume(url: string, queue: string, count: number): Promise<void> {
  const connection = await connect(url)
  const channel = await connection.createChannel()
  await channel.prefetch(1000)
  let seen = 0
  const all = Promise.withResolvers<void>()
  const options = { arguments: { 'x-stream-offset': 'first' } }
  await channel.consume(
    queue,
    (message) => {
      if (message === null) return
      channel.ack(message)
      if (++seen === count) all.resolve()
    },
    options,
  )
  await within(`${count} messages`, all.promise)
  await connection.close()
}

describe('the built package', () => {
  it('checks, searches and crosses a large batch in its thread and keeps its topology', async () => {
    const data = folder.file('data')
    const options = { storage: 'file', data, amqpPort: 0, kafkaPort: 0, httpPort: 0 } as const
    {
      await using kafka = await KafkaFixture.start(options, built.startBroker)
      await kafka.createTopic('orders')
      const records = Array.from({ length: recordCount }, (_, index) => ({
        value: 'one of many',
        timestamp: firstTimestamp + index,
      }))
      const produced = await kafka.produce('orders', batchOfRecords(records, 'zstd'))
      assert.equal(produced.errorCode, 0, produced.errorMessage ?? '')
      const wanted = { offset: recordCount - 1, timestamp: firstTimestamp + recordCount - 1 }
      assert.deepEqual(await kafka.findOffset('orders', wanted.timestamp), wanted)
      await consume(kafka.amqpUrl, 'orders', recordCount)
    }
    await using broker = await built.startBroker(options)
    const connection = await connect(`amqp://127.0.0.1:${broker.addresses['amqp']?.port}`)
    const channel = await connection.createChannel()
    await channel.checkQueue('orders')
    await connection.close()
  })
  it('runs the demo in its thread', async () => {
    const ports = { amqpPort: 0, kafkaPort: 0, httpPort: 0 }
    await using broker = await built.startBroker({ storage: 'memory', ...ports })
    const url = `http://127.0.0.1:${broker.addresses['http']?.port}/api/v1/demo`
    const begun = await fetch(url, { method: 'POST', body: '{"seconds": 60}' })
    assert.equal(begun.status, 201, await begun.text())
    assert.equal((await fetch(url, { method: 'DELETE' })).status, 204)
  })
})
