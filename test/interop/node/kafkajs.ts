// kafkajs against a Kafka broker: node kafkajs.ts HOST:PORT PREFIX

import zlib from 'node:zlib'
import kafkajs, { type Consumer, type KafkaMessage } from 'kafkajs'
import lz4 from 'lz4-napi'
import snappy from 'snappy'
import {
  broker,
  checkBatches,
  codeOf,
  eventually,
  once,
  prefix,
  range,
  sorted,
  step,
  until,
} from './report.ts'

const { CompressionCodecs, CompressionTypes, ConfigResourceTypes, Kafka, Partitioners } = kafkajs

CompressionCodecs[CompressionTypes.Snappy] = () => ({
  compress: ({ buffer }: { buffer: Buffer }) => snappy.compress(buffer),
  decompress: (buffer: Buffer) => snappy.uncompress(buffer),
})
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: ({ buffer }: { buffer: Buffer }) => lz4.compressFrame(buffer),
  decompress: (buffer: Buffer) => lz4.decompressFrame(buffer),
})
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async ({ buffer }: { buffer: Buffer }) => zlib.zstdCompressSync(buffer),
  decompress: async (buffer: Buffer) => zlib.zstdDecompressSync(buffer),
})

const codecs: Readonly<Record<string, number>> = {
  uncompressed: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
}

const kafka = new Kafka({
  clientId: 'interop',
  brokers: [broker],
  logLevel: kafkajs.logLevel.NOTHING,
})
const admin = kafka.admin()
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
const [main, resume, odd, times] = ['main', 'resume', 'odd', 'times'].map(
  (n) => `${prefix}-${n}`,
) as [string, string, string, string]
const large = Buffer.alloc(921_600, 'large record ')

function newConsumer(group: string): Consumer {
  return kafka.consumer({
    groupId: group,
    sessionTimeout: 10_000,
    heartbeatInterval: 500,
    maxWaitTimeInMs: 300,
  })
}

/** Reads `count` records in a group, commits what was taken, leaves. */
async function take(group: string, topics: string[], count: number): Promise<KafkaMessage[]> {
  const consumer = newConsumer(group)
  const taken: KafkaMessage[] = []
  const next = new Map<string, { topic: string; partition: number; offset: string }>()
  await consumer.connect()
  try {
    await consumer.subscribe({ topics, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ topic, partition, message }) => {
        if (taken.length >= count) return
        taken.push(message)
        const offset = String(BigInt(message.offset) + 1n)
        next.set(`${topic} ${partition}`, { topic, partition, offset })
      },
    })
    await until(`${count} records, have ${taken.length}`, () => taken.length >= count)
    await consumer.commitOffsets([...next.values()])
  } finally {
    await consumer.disconnect()
  }
  return taken
}

const text = (buffer: Buffer | null): string | null => buffer && buffer.toString()

async function produceBatches(): Promise<void> {
  for (const [codec, compression] of Object.entries(codecs))
    await step(`produce ${codec}`, async () => {
      const messages = range(12).map((n) => ({ key: `k${n % 4}`, value: `${codec}-${n}` }))
      await producer.send({ topic: main, messages, compression })
      return { records: messages.length }
    })
}

async function topicSteps(): Promise<void> {
  await step('create topic', async () => {
    const configEntries = [{ name: 'retention.ms', value: '3600000' }]
    const topics = [
      { topic: main, numPartitions: 3, configEntries },
      ...[resume, odd, times].map((topic) => ({ topic, numPartitions: 1 })),
    ]
    await admin.createTopics({ topics })
    const { topics: found } = await admin.fetchTopicMetadata({ topics: [main] })
    return { partitions: found[0]?.partitions.length }
  })
  await step('unknown topic', async () => {
    const impatient = kafka.admin({ retry: { retries: 0 } })
    try {
      return await codeOf(() => impatient.fetchTopicMetadata({ topics: [`${prefix}-absent`] }))
    } finally {
      await impatient.disconnect()
    }
  })
  await step('auto-create topic', async () => {
    const topic = `${prefix}-auto`
    await producer.send({ topic, messages: [{ value: 'x' }] })
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    return { partitions: topics[0]?.partitions.length }
  })
}

async function produceSteps(): Promise<void> {
  await produceBatches()
  await step('idempotent producer', async () => {
    const idempotent = kafka.producer({
      idempotent: true,
      createPartitioner: Partitioners.DefaultPartitioner,
    })
    await idempotent.connect()
    const half = (from: number): { value: string }[] =>
      range(10).map((n) => ({ value: `r-${from + n}` }))
    await idempotent.send({ topic: resume, messages: half(0) })
    await idempotent.send({ topic: resume, messages: half(10) })
    await idempotent.disconnect()
    const [ends] = await admin.fetchTopicOffsets(resume)
    return { records: Number(ends?.high) }
  })
  await step('too large record', () =>
    codeOf(() => producer.send({ topic: odd, messages: [{ value: Buffer.alloc(2_000_000) }] })),
  )
}

async function groupSteps(): Promise<void> {
  await step('consume in a group', async () => {
    const taken = await take(`${prefix}-all`, [main], 12 * Object.keys(codecs).length)
    const seen = taken.map(({ key, value }) => ({ key: text(key), value: text(value) }))
    return checkBatches(Object.keys(codecs), seen)
  })
  await step('resume after commit', async () => {
    await take(`${prefix}-resume`, [resume], 10)
    const rest = await take(`${prefix}-resume`, [resume], 10)
    return { first: text(rest[0]?.value ?? null), records: rest.length }
  })
  await shareSteps()
}

async function shareSteps(): Promise<void> {
  const group = `${prefix}-share`
  const consumers = [newConsumer(group), newConsumer(group)] as const
  const sizes = [-1, -1]
  for (const [n, consumer] of consumers.entries()) {
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      sizes[n] = Object.values(payload.memberAssignment).flat().length
    })
    await consumer.connect()
    await consumer.subscribe({ topics: [main] })
    await consumer.run({ eachMessage: async () => {} })
  }
  await step('share partitions', async () => {
    await until('both have partitions', () => sorted(sizes).join() === '1,2')
    return { partitions: sorted(sizes) }
  })
  await step('take over partitions', async () => {
    await consumers[0].disconnect()
    await until('the other has all', () => sizes[1] === 3)
    return { partitions: sizes[1] }
  })
  for (const consumer of consumers) await consumer.disconnect()
}

const readOdd = once(async () => {
  const messages = [
    {
      key: 'headers',
      value: 'h',
      headers: { text: 'text', binary: Buffer.from('00ff80', 'hex'), empty: '' },
    },
    { key: 'repeated', value: 'h', headers: { twice: ['1', '2'] } },
    { key: 'gone', value: null },
    { key: null, value: 'keyless' },
    { key: 'large', value: large },
  ]
  await producer.send({ topic: odd, messages })
  await producer.send({
    topic: times,
    messages: range(10).map((n) => ({
      value: 't',
      timestamp: String(1_700_000_000_000 + n * 1000),
    })),
  })
  const taken = await take(`${prefix}-odd`, [odd, times], 15)
  return {
    times: taken.filter(({ value }) => text(value) === 't').map((m) => Number(m.timestamp)),
    byKey: (key: string) => taken.find((m) => text(m.key) === key)!,
    keyless: taken.find(({ value }) => text(value) === 'keyless')!,
  }
})

async function recordSteps(): Promise<void> {
  await step('headers', async () => {
    const headers = (await readOdd()).byKey('headers').headers as Record<string, Buffer>
    const { text, binary, empty } = headers
    return { text: text?.toString(), binary: binary?.toString('hex'), empty: empty?.toString() }
  })
  await step('repeated header', async () => {
    const { twice } = (await readOdd()).byKey('repeated').headers as { twice: Buffer[] }
    return { values: twice.map(String) }
  })
  await step('tombstone', async () => {
    const { key, value } = (await readOdd()).byKey('gone')
    return { key: text(key), value }
  })
  await step('null key', async () => {
    const { key, value } = (await readOdd()).keyless
    return { key, value: text(value) }
  })
  await step('large record', async () => {
    const { value } = (await readOdd()).byKey('large')
    return { bytes: value?.length, same: value?.equals(large) }
  })
  await step('timestamps', async () => {
    const { times } = await readOdd()
    return { first: times[0], last: times.at(-1) }
  })
  await step('offset for a time', async () => {
    const [at] = await admin.fetchTopicOffsetsByTimestamp(times, 1_700_000_004_500)
    const [beyond] = await admin.fetchTopicOffsetsByTimestamp(times, 1_800_000_000_000)
    // kafkajs answers the end of the log where no record is that young.
    return { at: Number(at?.offset), beyond: beyond?.offset === '10' ? null : beyond?.offset }
  })
  await step('log ends', async () => {
    const [ends] = await admin.fetchTopicOffsets(times)
    return { low: Number(ends?.low), high: Number(ends?.high) }
  })
}

async function readConfigs(): Promise<Map<string, string>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: main }],
  })
  return new Map(resources[0]?.configEntries.map((e) => [e.configName, e.configValue]))
}

async function adminSteps(): Promise<void> {
  await step('list topics', async () => ({ found: (await admin.listTopics()).includes(main) }))
  await step('describe topic', async () => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [main] })
    const partitions = topics[0]?.partitions
    return { partitions: partitions?.length, replicas: partitions?.[0]?.replicas.length }
  })
  await step('describe configs', async () => {
    const configs = await readConfigs()
    return Object.fromEntries(['retention.ms', 'cleanup.policy'].map((n) => [n, configs.get(n)]))
  })
  await step('alter configs', async () => {
    const configEntries = [{ name: 'retention.ms', value: '7200000' }]
    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: main, configEntries }],
    })
    const read = async (): Promise<string | undefined> => (await readConfigs()).get('retention.ms')
    return { 'retention.ms': await eventually(read, (value) => value === '7200000') }
  })
  await step('add partitions', async () => {
    await admin.createPartitions({ topicPartitions: [{ topic: main, count: 5 }] })
    const count = async (): Promise<number | undefined> => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [main] })
      return topics[0]?.partitions.length
    }
    return { partitions: await eventually(count, (partitions) => partitions === 5) }
  })
}

async function groupAdminSteps(): Promise<void> {
  const groupId = `${prefix}-resume`
  const committed = async (): Promise<number> => {
    const [topic] = await admin.fetchOffsets({ groupId, topics: [resume] })
    return Number(topic?.partitions[0]?.offset)
  }
  const listed = async (): Promise<boolean> =>
    (await admin.listGroups()).groups.some((group) => group.groupId === groupId)
  await step('list groups', async () => ({ found: await listed() }))
  await step('describe group', async () => {
    const { groups } = await admin.describeGroups([groupId])
    return { state: groups[0]?.state, members: groups[0]?.members.length }
  })
  await step('group offsets', async () => ({ offset: await committed() }))
  await step('set group offsets', async () => {
    await admin.setOffsets({ groupId, topic: resume, partitions: [{ partition: 0, offset: '5' }] })
    return { offset: await committed() }
  })
  await step('delete group', async () => {
    await admin.deleteGroups([groupId])
    return { found: await listed() }
  })
}

async function deleteSteps(): Promise<void> {
  await step('delete records', async () => {
    await admin.deleteTopicRecords({ topic: times, partitions: [{ partition: 0, offset: '5' }] })
    const [ends] = await admin.fetchTopicOffsets(times)
    return { low: Number(ends?.low) }
  })
  await step('delete topic', async () => {
    await admin.deleteTopics({ topics: [main] })
    const listed = async (): Promise<boolean> => (await admin.listTopics()).includes(main)
    return { found: await eventually(listed, (found) => !found) }
  })
}

await admin.connect()
await producer.connect()
await topicSteps()
await produceSteps()
await groupSteps()
await recordSteps()
await adminSteps()
await groupAdminSteps()
await deleteSteps()
await producer.disconnect()
await admin.disconnect()
