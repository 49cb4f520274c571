// The same by Kafka clients.
import { zeroUuid } from '../../src/codec/kafka/field-defaults.ts'
import { fetchFromStart, fetchRequest } from '../support/fetch-request.ts'
import { batchOfRecords } from '../support/kafka-fixture.ts'
import { KafkaRawClient } from '../support/kafka-raw-client.ts'
import type { Attack } from './attack.ts'
import { holdOn, openAll, request, type Target, Wire } from './wire.ts'

const megabyte = 1_000_000
const longName = 'n'.repeat(200)

function kafka(target: Target, count: number): Promise<Wire[]> {
  return openAll(count, () => Wire.openKafka(target))
}

function produce(topic: string, records: Buffer, acks: number): Buffer {
  const topicData = [{ name: topic, topicId: '', partitionData: [{ index: 0, records }] }]
  return request('produce', { transactionalId: null, acks, timeoutMs: 5000, topicData }, 9)
}

/** Whether there is such a topic now. */
async function createTopic(target: Target, name: string): Promise<boolean> {
  const configs = [{ name: 'max.message.bytes', value: '50000000' }]
  const topics = [{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs }]
  try {
    await using client = await KafkaRawClient.connect(target.kafkaPort)
    const asked = { topics, timeoutMs: 5000, validateOnly: false }
    const answer = await client.call('createTopics', asked)
    return answer.topics[0]?.errorCode === 0
  } catch {
    // The broker does not want it now.
    return false
  }
}

async function deleteTopics(target: Target, names: readonly string[]): Promise<void> {
  try {
    await using client = await KafkaRawClient.connect(target.kafkaPort)
    for (let at = 0; at < names.length; at += 500) {
      const topicNames = names.slice(at, at + 500)
      await client.call('deleteTopics', { topicNames, topics: [], timeoutMs: 5000 }, 4)
    }
  } catch {
    // They stay, as those of anyone whom the broker has ended.
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

export const kafkaAttacks: Readonly<Record<string, Attack>> = {
  /** Halves of large requests. */
  async halfRequests(target) {
    const wires = await kafka(target, 30)
    const half = Buffer.concat([Buffer.from([5, 0, 0, 0]), Buffer.alloc(10 * megabyte)])
    // A produce header, so that the size is believed.
    Buffer.from([0, 0, 0, 9]).copy(half, 4)
    await Promise.all(wires.map((wire) => wire.flood(half, target, 3)))
    await holdOn(wires, target)
  },

  /** Large answers that are not read. */
  async unreadFetches(target) {
    const topic = `unread-${target.below(1e6)}`
    if (!(await createTopic(target, topic))) return
    const records = batchOfRecords([{ value: 'v'.repeat(megabyte) }])
    using feeder = await Wire.openKafka(target)
    await feeder.flood(produce(topic, records, 1), target, 20)
    const wires = await kafka(target, 40)
    for (const wire of wires) wire.turnDeaf()
    const limits = { maxWaitMs: 100, minBytes: 1, maxBytes: 50 * megabyte }
    const fetch = request('fetch', fetchRequest([fetchFromStart(topic, 50 * megabyte)], limits), 12)
    await Promise.all(wires.map((wire) => wire.flood(fetch, target, 50)))
    await holdOn(wires, target)
    await deleteTopics(target, [topic])
  },

  /** Settings asked for again and again, and not read. */
  async unreadDescriptions(target) {
    const wires = await kafka(target, 20)
    for (const wire of wires) wire.turnDeaf()
    const resource = { resourceType: 4, resourceName: '1', configurationKeys: null }
    const ask = request('describeConfigs', {
      resources: Array.from({ length: 2000 }, () => resource),
      includeSynonyms: true,
      includeDocumentation: true,
    })
    await Promise.all(wires.map((wire) => wire.flood(ask, target, 50)))
    await holdOn(wires, target)
  },

  /** Answers behind a long poll. */
  async behindLongPolls(target) {
    const topic = `polled-${target.below(1e6)}`
    if (!(await createTopic(target, topic))) return
    const wires = await kafka(target, 30)
    const limits = { maxWaitMs: 300_000, minBytes: 1, maxBytes: megabyte }
    const poll = request('fetch', fetchRequest([fetchFromStart(topic, megabyte)], limits), 12)
    const partitionIndexes = Array.from({ length: 40_000 }, (_, index) => index)
    const ask = request(
      'offsetFetch',
      {
        groupId: 'g',
        topics: [{ name: topic, partitionIndexes }],
        groups: [],
        requireStable: false,
      },
      7,
    )
    await Promise.all(wires.map((wire) => wire.send(poll)))
    await Promise.all(wires.map((wire) => wire.flood(ask, target, 100)))
    await holdOn(wires, target)
    await deleteTopics(target, [topic])
  },

  /** Topics without end, made by asking for them. */
  async topics(target) {
    const wires = await kafka(target, 4)
    const names = new Set<string>()
    const floods = wires.map(async (wire, at) => {
      for (let count = 0; count < 300 && !wire.isClosed && !target.isOver(); count++) {
        const topics = Array.from({ length: 50 }, (_, index) => {
          const name = `${longName}-${at}-${count}-${index}`
          names.add(name)
          return { topicId: zeroUuid, name }
        })
        const ask = { topics, allowAutoTopicCreation: true }
        await wire.flood(
          request('metadata', {
            ...ask,
            includeClusterAuthorizedOperations: false,
            includeTopicAuthorizedOperations: true,
          }),
          target,
          1,
        )
      }
    })
    await Promise.all(floods)
    await deleteTopics(target, [...names])
    for (const wire of wires) wire[Symbol.dispose]()
  },

  /** Members that join and say nothing more, with much to say about themselves. */
  async joins(target) {
    const wires = await kafka(target, 50)
    const metadata = Buffer.alloc(200_000, 'm')
    const floods = wires.map(async (wire, at) => {
      for (let count = 0; count < 60 && !wire.isClosed && !target.isOver(); count++) {
        const join = {
          groupId: `group-${count % 10}-${at}`,
          sessionTimeoutMs: 30_000,
          rebalanceTimeoutMs: 300_000,
          memberId: '',
          groupInstanceId: `instance-${count}`,
          protocolType: 'consumer',
          protocols: [{ name: 'range', metadata }],
          reason: null,
        }
        await wire.flood(request('joinGroup', join, 5), target, 1)
      }
    })
    await Promise.all(floods)
    await holdOn(wires, target)
  },

  /** Offsets of many groups with long notes. */
  async offsets(target) {
    const topic = `committed-${target.below(1e6)}`
    if (!(await createTopic(target, topic))) return
    const wires = await kafka(target, 5)
    const floods = wires.map(async (wire, at) => {
      for (let count = 0; count < 10_000 && !wire.isClosed && !target.isOver(); count++) {
        const partitions = [
          {
            partitionIndex: 0,
            committedOffset: count,
            committedLeaderEpoch: -1,
            committedMetadata: 'm'.repeat(4000),
          },
        ]
        const commit = {
          groupId: `${longName}-${at}-${count}`,
          generationIdOrMemberEpoch: -1,
          memberId: '',
          groupInstanceId: null,
          retentionTimeMs: -1,
          topics: [{ name: topic, topicId: '', partitions }],
        }
        await wire.flood(request('offsetCommit', commit, 7), target, 1)
      }
    })
    await Promise.all(floods)
    for (const wire of wires) wire[Symbol.dispose]()
    await deleteTopics(target, [topic])
  },

  /** Batches that become a thousand times as large. */
  async bombs(target) {
    const topic = `bombed-${target.below(1e6)}`
    if (!(await createTopic(target, topic))) return
    const wires = await kafka(target, 10)
    const value = 'b'.repeat(10 * megabyte)
    const bomb = produce(topic, batchOfRecords([{ value }, { value }, { value }], 'zstd'), 1)
    await Promise.all(wires.map((wire) => wire.flood(bomb, target, 20)))
    await holdOn(wires, target)
    await deleteTopics(target, [topic])
  },

  /** Producers that wait for nothing. */
  async produces(target) {
    const topic = `flooded-${target.below(1e6)}`
    if (!(await createTopic(target, topic))) return
    const wires = await kafka(target, 20)
    await Promise.all(
      wires.map((wire, at) => {
        const size = [100, 50_000, megabyte, 20 * megabyte][at % 4] ?? 0
        const records = batchOfRecords([{ value: 'v'.repeat(size) }])
        const times = Math.ceil((40 * megabyte) / (size + 10_000))
        return wire.flood(produce(topic, records, at % 2 === 0 ? 0 : 1), target, times)
      }),
    )
    await holdOn(wires, target)
    await deleteTopics(target, [topic])
  },

  /** Incremental fetches over many partitions, each of which is remembered. */
  async fetchSessions(target) {
    const wires = await kafka(target, 20)
    const partitions = Array.from({ length: 20_000 }, (_, partition) => ({
      ...fetchFromStart('absent', 1).partitions[0],
      partition,
    }))
    const limits = { maxWaitMs: 0, minBytes: 0, maxBytes: 1, sessionEpoch: 0 }
    const topic = { topic: 'absent', topicId: '', partitions } as never
    const ask = request('fetch', fetchRequest([topic], limits), 12)
    await Promise.all(wires.map((wire) => wire.flood(ask, target, 50)))
    await holdOn(wires, target)
  },

  /** Bytes that mean nothing. */
  async kafkaNoise(target) {
    while (!target.isOver()) {
      const wires = await kafka(target, 20)
      const bytes = Buffer.from(Array.from({ length: 20_000 }, () => target.below(256)))
      bytes.writeInt32BE(19_996)
      bytes.writeInt16BE(target.below(50), 4)
      bytes.writeInt16BE(target.below(10), 6)
      await Promise.all(wires.map((wire) => wire.send(bytes)))
      await pause(200)
      for (const wire of wires) wire[Symbol.dispose]()
    }
  },
}
