// MirrorMaker 2 between a Kafka of its own and the broker, in both directions: node mirror.ts HOST:PORT PREFIX

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kafkaSystem } from '../../../../bench/systems/kafka-system.ts'
import { setOffsets } from '../../../support/set-offsets.ts'
import { broker, prefix, range, step } from '../../node/report.ts'
import { properties } from './connect-worker.ts'
import { JavaProcess } from './java-process.ts'
import { administer, kafkaAt, recordsOf, send, settingOf } from './kafka-side.ts'

const topics = { orders: `${prefix}-orders`, payments: `${prefix}-payments` }
const mirrored = { orders: `kafka.${topics.orders}`, payments: `pabal.${topics.payments}` }
const group = `${prefix}-readers`

const folder = mkdtempSync(join(tmpdir(), 'pabal-mirror-'))
const system = kafkaSystem({
  doesFsync: false,
  settings: { 'group.initial.rebalance.delay.ms': '0' },
})
const kafka = await system.start(join(folder, 'kafka'))
const kafkaAddress = `127.0.0.1:${kafka.kafkaPort}`
const file = join(folder, 'mirror.properties')
/** What the page does not need, and a test that is not to wait does. */
const hurry = properties({
  'plugin.discovery': 'service_load',
  'offset.storage.partitions': '1',
  'status.storage.partitions': '1',
  'sync.group.offsets.interval.seconds': '1',
  'emit.checkpoints.interval.seconds': '1',
  'emit.heartbeats.interval.seconds': '1',
  'refresh.topics.interval.seconds': '1',
  'refresh.groups.interval.seconds': '1',
  'sync.topic.configs.interval.seconds': '1',
  // An offset for each record, so that groups are translated exactly.
  'offset.lag.max': '0',
  'offset.flush.interval.ms': '500',
})
writeFileSync(file, `${settingsOfPage()}${hurry}`)
let mirror = start()
await using _ = {
  [Symbol.asyncDispose]: async () => {
    await mirror.kill()
    await kafka.stop('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  },
}

/** Those of docs/moving-from-kafka.md, with the names that its addresses and topics have here. */
function settingsOfPage(): string {
  const page = join(import.meta.dirname, '../../../../docs/moving-from-kafka.md')
  const block = /^```properties\n(.*?)^```$/ms.exec(readFileSync(page, 'utf8'))?.[1]
  if (block === undefined) throw new Error('the page has no settings of MirrorMaker 2')
  return block
    .replace('kafka.example:9092', kafkaAddress)
    .replace('pabal.example:9092', broker)
    .replace('topics = orders', `topics = ${topics.orders}`)
    .replace('topics = payments', `topics = ${topics.payments}`)
}

function start(): JavaProcess {
  return new JavaProcess(['org.apache.kafka.connect.mirror.MirrorMaker', file], { folder })
}

const values = (from: number, to: number): { key: string; value: string | null }[] =>
  range(to - from).map((n) => ({
    key: `key ${(from + n) % 7}`,
    value: n % 10 === 9 ? null : `value ${from + n}`,
  }))

/** What must be the same on both sides; partition and offset as well while nothing was lost. */
async function contents(topic: string, address: string): Promise<string[]> {
  const records = await recordsOf(topic, address)
  return records.map(({ partition, offset, key, value, timestamp, headers }) =>
    JSON.stringify([partition, offset, key, value, timestamp, headers]),
  )
}

/** The mirrored records, once they are as many as those of the source. */
async function whenMirrored(
  source: readonly [topic: string, address: string],
  target: readonly [topic: string, address: string],
): Promise<{ records: number; same: boolean }> {
  const there = await contents(...source)
  const here = await mirror.until(`${target[0]} has all records`, async () => {
    const found = await contents(...target)
    return found.length >= there.length && found
  })
  return { records: here.length, same: JSON.stringify(here) === JSON.stringify(there) }
}

await step('from Kafka to Pabal', async () => {
  await makeTopic(kafkaAddress, topics.orders, '123456789')
  await send(topics.orders, values(0, 200), kafkaAddress)
  return whenMirrored([topics.orders, kafkaAddress], [mirrored.orders, broker])
})

await step('from Pabal to Kafka', async () => {
  await makeTopic(broker, topics.payments, '234567890')
  await send(topics.payments, values(0, 150), broker)
  return whenMirrored([topics.payments, broker], [mirrored.payments, kafkaAddress])
})

await step('settings of topics', async () => ({
  retention: await mirror.until('the setting is there', async () => {
    const found = await settingOf(mirrored.orders, 'retention.ms')
    return found === '123456789' && found
  }),
}))

await step('a group goes on at the other side', async () => {
  await setOffsets(kafka.kafkaPort!, group, topics.orders, [0, 0, 5])
  await readSome()
  const read = await offsetsAt(kafkaAddress, topics.orders)
  const here = await mirror.until('the offsets are there', async () => {
    const found = await offsetsAt(broker, mirrored.orders)
    return JSON.stringify(found) === JSON.stringify(read) && found
  })
  return { same: JSON.stringify(here) === JSON.stringify(read), some: read.some((n) => n > 0) }
})

await step('nothing goes round', async () => {
  const all = [
    ...(await administer((admin) => admin.listTopics(), kafkaAddress)),
    ...(await administer((admin) => admin.listTopics())),
  ]
  const loops = all.filter((name) => /^(kafka\.pabal|pabal\.kafka)\./.test(name))
  return { loops: loops.filter((name) => name.includes(prefix)) }
})

await step('killed and started again', async () => {
  await send(topics.orders, values(200, 700), kafkaAddress)
  await mirror.kill()
  await send(topics.orders, values(700, 800), kafkaAddress)
  mirror = start()
  const wanted = values(0, 800).map(({ key, value }) => `${key} ${value}`)
  await mirror.until('all are there', async () => {
    const records = await recordsOf(mirrored.orders)
    const seen = new Set(records.map(({ key, value }) => `${key} ${value}`))
    return wanted.every((record) => seen.has(record))
  })
  return {}
})

async function makeTopic(address: string, topic: string, retention: string): Promise<void> {
  const configEntries = [{ name: 'retention.ms', value: retention }]
  await administer(
    (admin) => admin.createTopics({ topics: [{ topic, numPartitions: 3, configEntries }] }),
    address,
  )
}

async function offsetsAt(address: string, topic: string): Promise<number[]> {
  const [found] = await administer(
    (admin) => admin.fetchOffsets({ groupId: group, topics: [topic] }),
    address,
  )
  const partitions = (found?.partitions ?? []).toSorted((a, b) => a.partition - b.partition)
  return partitions.map(({ offset }) => Number(offset))
}

/** Members of the group read to the end at Kafka, and commit. */
async function readSome(): Promise<void> {
  const consumer = kafkaAt(kafkaAddress).consumer({ groupId: group })
  await consumer.connect()
  await consumer.subscribe({ topics: [topics.orders] })
  let seen = 0
  await consumer.run({
    autoCommitThreshold: 1,
    eachMessage: async () => void seen++,
  })
  await mirror.until('the group has read', () => seen >= 195)
  await consumer.stop()
  await consumer.disconnect()
}
