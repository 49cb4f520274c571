// Kafka Connect with an exactly-once source that is killed again and again:
// node connect-exactly-once.ts HOST:PORT PREFIX

import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { prefix, range, step } from '../../node/report.ts'
import { ConnectWorker, type Settings } from './connect-worker.ts'
import { administer, missingAndDoubled, valuesOf } from './kafka-side.ts'

const KILLS = 3
/** Several transactions: the connector reads 2000 lines at a time. */
const ROUND = 5000
const topic = `${prefix}-once`
const group = `${prefix}-connect-once`
const lines = (from: number, to: number): string[] =>
  range(to - from).map((n) => `line ${from + n}`)

await using worker = await ConnectWorker.start(group, {
  'exactly.once.source.support': 'enabled',
  'offset.flush.interval.ms': '100',
})
const file = join(worker.folder, 'source.txt')
const source: Settings = {
  'connector.class': 'org.apache.kafka.connect.file.FileStreamSourceConnector',
  'exactly.once.support': 'required',
  'transaction.boundary': 'poll',
  file,
  topic,
}

function append(values: readonly string[]): void {
  appendFileSync(file, values.map((line) => `${line}\n`).join(''))
}

/** Values of the topic, once all of `wanted` are among them. */
function untilThere(wanted: readonly string[]): Promise<string[]> {
  return worker.process.until('all lines are in the topic', async () => {
    const values = await valuesOf(topic)
    return missingAndDoubled(wanted, values).missing === 0 && values
  })
}

/** Where the topic ends. */
async function end(): Promise<number> {
  const [found] = await administer((admin) => admin.fetchTopicOffsets(topic))
  return Number(found?.high)
}

await step('source', async () => {
  append(lines(0, 100))
  await worker.deploy('once', source)
  return missingAndDoubled(lines(0, 100), await untilThere(lines(0, 100)))
})

await step('killed and started again', async () => {
  for (const kill of range(KILLS)) {
    const before = await end()
    append(lines(100 + kill * ROUND, 100 + (kill + 1) * ROUND))
    // Records of an open transaction count, so that it is killed within one.
    await worker.process.until('some are written', async () => (await end()) > before)
    await worker.kill()
    await worker.restart()
    await worker.untilRuns('once')
  }
  const wanted = lines(0, 100 + KILLS * ROUND)
  const values = await untilThere(wanted)
  const inOrder = values.every((value, n) => value === wanted[n])
  return { ...missingAndDoubled(wanted, values), inOrder }
})

await step('the transactions are there', async () => {
  // What readers of committed records skip: a marker for each transaction.
  const values = await valuesOf(topic)
  return { markers: (await end()) > values.length }
})
