// @platformatic/kafka against a Kafka broker: node platformatic.ts HOST:PORT PREFIX

import {
  Admin,
  ConfigResourceTypes,
  Consumer,
  IncrementalAlterConfigOperationTypes,
  Producer,
  type CompressionAlgorithmValue,
  type Message,
} from '@platformatic/kafka'
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

const codecs: Readonly<Record<string, CompressionAlgorithmValue>> = {
  uncompressed: 'none',
  gzip: 'gzip',
  snappy: 'snappy',
  lz4: 'lz4',
  zstd: 'zstd',
}

const options = { clientId: 'interop', bootstrapBrokers: [broker] }
const admin = new Admin(options)
const producer = new Producer(options)
const names = ['main', 'resume', 'odd', 'times'].map((name) => `${prefix}-${name}`)
const [main, resume, odd, times] = names as [string, string, string, string]
const large = Buffer.alloc(921_600, 'large record ')

const bytes = (value: string): Buffer => Buffer.from(value)
const text = (buffer: Buffer | null | undefined): string | null => buffer?.toString() ?? null

function newConsumer(groupId: string): Consumer {
  return new Consumer({
    ...options,
    groupId,
    sessionTimeout: 10_000,
    heartbeatInterval: 500,
    autocommit: false,
    maxWaitTime: 500,
  })
}

/** Reads `count` records in a group, commits what was taken, leaves. */
async function take(group: string, topics: string[], count: number): Promise<Message[]> {
  const consumer = newConsumer(group)
  const taken: Message[] = []
  try {
    const modes = { mode: 'committed', fallbackMode: 'earliest' } as const
    const stream = await consumer.consume({ topics, ...modes })
    stream.on('data', (message) => {
      if (taken.length < count) taken.push(message)
    })
    await until(`${count} records, have ${taken.length}`, () => taken.length >= count)
    const last = new Map(taken.map((message) => [`${message.topic} ${message.partition}`, message]))
    const offsets = Array.from(last.values(), ({ topic, partition, offset }) => ({
      topic,
      partition,
      offset: offset + 1n,
      leaderEpoch: 0,
    }))
    await consumer.commit({ offsets })
    await stream.close()
  } finally {
    await consumer.close(true)
  }
  return taken
}

async function partitionCount(topic: string): Promise<number | undefined> {
  const found = await admin.metadata({ topics: [topic], forceUpdate: true })
  return found.topics.get(topic)?.partitionsCount
}

async function topicSteps(): Promise<void> {
  await step('create topic', async () => {
    const configs = [{ name: 'retention.ms', value: '3600000' }]
    await admin.createTopics({ topics: [main], partitions: 3, replicas: 1, configs })
    await admin.createTopics({ topics: [resume, odd, times], partitions: 1, replicas: 1 })
    return { partitions: await partitionCount(main) }
  })
  await step('unknown topic', async () => {
    const impatient = new Admin({ ...options, retries: 0 })
    try {
      return await codeOf(() => impatient.metadata({ topics: [`${prefix}-absent`] }))
    } catch (error) {
      // The client says error 3 in its own words.
      return { code: (error as Error).message.startsWith('Unknown topic') ? 3 : String(error) }
    } finally {
      await impatient.close()
    }
  })
  await step('auto-create topic', async () => {
    const topic = `${prefix}-auto`
    await producer.send({ messages: [{ topic, value: bytes('x') }], autocreateTopics: true })
    return { partitions: await partitionCount(topic) }
  })
}

async function produceSteps(): Promise<void> {
  for (const [codec, compression] of Object.entries(codecs))
    await step(`produce ${codec}`, async () => {
      const messages = range(12).map((n) => ({
        topic: main,
        key: bytes(`k${n % 4}`),
        value: bytes(`${codec}-${n}`),
      }))
      await producer.send({ messages, compression })
      return { records: messages.length }
    })
  await step('idempotent producer', async () => {
    const idempotent = new Producer({ ...options, idempotent: true })
    const half = (from: number): { topic: string; value: Buffer }[] =>
      range(10).map((n) => ({ topic: resume, value: bytes(`r-${from + n}`) }))
    await idempotent.send({ messages: half(0) })
    await idempotent.send({ messages: half(10) })
    await idempotent.close()
    return { records: (await logEnds(resume)).high }
  })
  await step('too large record', () =>
    codeOf(() => producer.send({ messages: [{ topic: odd, value: Buffer.alloc(2_000_000) }] })),
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
    return { first: text(rest[0]?.value), records: rest.length }
  })
  await shareSteps()
}

async function shareSteps(): Promise<void> {
  const group = `${prefix}-share`
  const consumers = [newConsumer(group), newConsumer(group)] as const
  const sizes = (): number[] =>
    consumers.map(({ assignments }) => assignments?.[0]?.partitions.length ?? 0)
  await step('share partitions', async () => {
    for (const consumer of consumers) await consumer.consume({ topics: [main], mode: 'latest' })
    await until('both have partitions', () => sorted(sizes()).join() === '1,2')
    return { partitions: sorted(sizes()) }
  })
  await step('take over partitions', async () => {
    await consumers[0].close(true)
    await until('the other has all', () => sizes()[1] === 3)
    return { partitions: sizes()[1] }
  })
  for (const consumer of consumers) await consumer.close(true)
}

const readOdd = once(async () => {
  const twice = [1, 2].map((n): [Buffer, Buffer] => [bytes('twice'), bytes(String(n))])
  const headers = { text: bytes('text'), binary: Buffer.from('00ff80', 'hex'), empty: bytes('') }
  const entries = Object.entries(headers).map(([k, v]): [Buffer, Buffer] => [bytes(k), v])
  entries.push([bytes('null'), null as unknown as Buffer])
  const messages = [
    { key: bytes('headers'), value: bytes('h'), headers: new Map(entries) },
    { key: bytes('repeated'), value: bytes('h'), headers: new Map(twice) },
    { key: bytes('gone') },
    { value: bytes('keyless') },
    { key: bytes('large'), value: large },
  ]
  for (const message of messages) await producer.send({ messages: [{ topic: odd, ...message }] })
  const timestamp = (n: number): bigint => BigInt(1_700_000_000_000 + n * 1000)
  await producer.send({
    messages: range(10).map((n) => ({ topic: times, value: bytes('t'), timestamp: timestamp(n) })),
  })
  const taken = await take(`${prefix}-odd`, [odd, times], 15)
  return {
    times: taken.filter(({ topic }) => topic === times).map((m) => Number(m.timestamp)),
    byKey: (key: string) => taken.find((m) => text(m.key) === key)!,
    keyless: taken.find(({ value }) => text(value) === 'keyless')!,
  }
})

async function recordSteps(): Promise<void> {
  await step('headers', async () => {
    const { headerEntries } = (await readOdd()).byKey('headers')
    const found = new Map(headerEntries.map(([key, value]) => [text(key), value]))
    const binary = found.get('binary')?.toString('hex')
    return { text: text(found.get('text')), binary, empty: text(found.get('empty')) }
  })
  await step('null header', async () => {
    const { headerEntries } = (await readOdd()).byKey('headers')
    const found = headerEntries.find(([key]) => text(key) === 'null')
    return { value: found ? (found[1] ?? null) : 'is not there' }
  })
  await step('repeated header', async () => {
    const { headerEntries } = (await readOdd()).byKey('repeated')
    return { values: headerEntries.map(([, value]) => text(value)) }
  })
  await step('tombstone', async () => {
    const { key, value } = (await readOdd()).byKey('gone')
    return { key: text(key), value: value ?? null }
  })
  await step('null key', async () => {
    const { key, value } = (await readOdd()).keyless
    return { key: key ?? null, value: text(value) }
  })
  await step('large record', async () => {
    const { value } = (await readOdd()).byKey('large')
    return { bytes: value.length, same: value.equals(large) }
  })
  await step('timestamps', async () => {
    const { times } = await readOdd()
    return { first: times[0], last: times.at(-1) }
  })
  await step('offset for a time', async () => {
    const at = await offsetFor(times, 1_700_000_004_500n)
    const beyond = await offsetFor(times, 1_800_000_000_000n)
    return { at, beyond: beyond === -1 ? null : beyond }
  })
  await step('log ends', () => logEnds(times))
}

async function offsetFor(topic: string, timestamp: bigint): Promise<number> {
  const partitions = [{ partitionIndex: 0, timestamp }]
  const [found] = await admin.listOffsets({ topics: [{ name: topic, partitions }] })
  return Number(found?.partitions[0]?.offset)
}

async function logEnds(topic: string): Promise<{ low: number; high: number }> {
  return { low: await offsetFor(topic, -2n), high: await offsetFor(topic, -1n) }
}

const topicResource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: main }

async function readConfigs(): Promise<Map<string, string | null | undefined>> {
  const [found] = await admin.describeConfigs({ resources: [topicResource] })
  return new Map(found?.configs.map(({ name, value }) => [name, value]))
}

async function adminSteps(): Promise<void> {
  await step('list topics', async () => ({ found: (await admin.listTopics()).includes(main) }))
  await step('describe topic', async () => {
    const { topics } = await admin.metadata({ topics: [main], forceUpdate: true })
    const { partitions, partitionsCount } = topics.get(main)!
    return { partitions: partitionsCount, replicas: partitions[0]?.replicas.length }
  })
  await step('describe configs', async () => {
    const configs = await readConfigs()
    return Object.fromEntries(['retention.ms', 'cleanup.policy'].map((n) => [n, configs.get(n)]))
  })
  await step('alter configs', async () => {
    const configOperation = IncrementalAlterConfigOperationTypes.SET
    const configs = [{ name: 'retention.ms', value: '7200000', configOperation }]
    await admin.incrementalAlterConfigs({ resources: [{ ...topicResource, configs }] })
    const read = async (): Promise<string | null | undefined> =>
      (await readConfigs()).get('retention.ms')
    return { 'retention.ms': await eventually(read, (value) => value === '7200000') }
  })
  await step('add partitions', async () => {
    await admin.createPartitions({ topics: [{ name: main, count: 5, assignments: null }] })
    const count = (): Promise<number | undefined> => partitionCount(main)
    return { partitions: await eventually(count, (partitions) => partitions === 5) }
  })
}

async function groupAdminSteps(): Promise<void> {
  const groupId = `${prefix}-resume`
  const committed = async (): Promise<number> => {
    const [group] = await admin.listConsumerGroupOffsets({ groups: [groupId] })
    return Number(group?.topics[0]?.partitions[0]?.committedOffset)
  }
  const listed = async (): Promise<boolean> => (await admin.listGroups()).has(groupId)
  await step('list groups', async () => ({ found: await listed() }))
  await step('describe group', async () => {
    const group = (await admin.describeGroups({ groups: [groupId] })).get(groupId)!
    const state = group.state.charAt(0) + group.state.slice(1).toLowerCase()
    return { state, members: group.members.size }
  })
  await step('group offsets', async () => ({ offset: await committed() }))
  await step('set group offsets', async () => {
    const topics = [{ name: resume, partitionOffsets: [{ partition: 0, offset: 5n }] }]
    await admin.alterConsumerGroupOffsets({ groupId, topics })
    return { offset: await committed() }
  })
  await step('delete group', async () => {
    await admin.deleteGroups({ groups: [groupId] })
    return { found: await listed() }
  })
}

async function deleteSteps(): Promise<void> {
  await step('delete records', async () => {
    const partitions = [{ partition: 0, offset: 5n }]
    await admin.deleteRecords({ topics: [{ name: times, partitions }] })
    return { low: (await logEnds(times)).low }
  })
  await step('delete topic', async () => {
    await admin.deleteTopics({ topics: [main] })
    const listed = async (): Promise<boolean> => (await admin.listTopics()).includes(main)
    return { found: await eventually(listed, (found) => !found) }
  })
}

await topicSteps()
await produceSteps()
await groupSteps()
await recordSteps()
await adminSteps()
await groupAdminSteps()
await deleteSteps()
await producer.close()
await admin.close()
