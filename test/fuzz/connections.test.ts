import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { BrokerInProcess } from '../support/broker-in-process.ts'
import { runFuzz } from './fuzz-run.ts'
import { PolicyFuzz } from './policy-fuzz.ts'
import { judgeStream } from './sent-stream.ts'

test('connections that are damaged at random never harm the broker or another connection', async (t) => {
  const seed = Date.now() % 1_000_000_000
  t.diagnostic(`repeat with: npm run fuzz -- --seed ${seed} --connections 300`)
  await runFuzz({ seed, connections: 300 })
})

test('damaged connections end with the codes that RabbitMQ uses', async () => {
  const ends = await runFuzz({ seed: 1, connections: 300 })
  for (const code of [501, 502, 503, 504, 505]) assert.ok(ends.has(`close ${code}`), String(code))
  assert.ok(ends.has('close-ok'))
})

test('damaged connections leave nothing behind when commits finish late', async () => {
  const chaos = { random: seededRandom(7), delayMsMax: 10 }
  await runFuzz({ seed: 1000, connections: 150, chaos })
})

test('damaged requests set policies, delete them, and are refused', async () => {
  await using broker = await BrokerInProcess.start()
  await using fuzz = await PolicyFuzz.open(broker.broker)
  const statuses = new Set<number>()
  for (let seed = 1; seed <= 60; seed++) {
    for (const status of await fuzz.run(seededRandom(seed))) statuses.add(status)
  }
  for (const status of [200, 201, 204, 400, 404]) assert.ok(statuses.has(status), String(status))
  await fuzz.clear()
  const { policies } = broker.broker.getVHost('/')
  assert.deepEqual([...policies.list(false), ...policies.list(true)], [])
})

test('judgeStream() knows what must be answered', () => {
  const frameMax = { low: 16, high: 32 }
  const frame = Buffer.from([1, 0, 0, 0, 0, 0, 1, 9, 0xce])
  const judge = (...bytes: Buffer[]): string => judgeStream(Buffer.concat(bytes), frameMax)
  assert.equal(judge(frame, frame), 'complete')
  assert.equal(judge(frame, frame.subarray(0, 8)), 'open')
  assert.equal(judge(frame, frame.subarray(0, 5)), 'open')
  assert.equal(judge(Buffer.from(frame.with(8, 0))), 'broken')
  assert.equal(judge(Buffer.from(frame.with(0, 5))), 'broken')
  assert.equal(judge(Buffer.from(frame.with(6, 20))), 'unclear')
  assert.equal(judge(Buffer.from(frame.with(6, 33))), 'broken')
})
