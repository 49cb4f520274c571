// The APIs of transactions, request by request: errors by version, as KafkaApis of Kafka 4.x maps them.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ConfigCalls, configType } from '../../support/config-calls.ts'
import { batchOfRecords, KafkaFixture } from '../../support/kafka-fixture.ts'

const code = {
  none: 0,
  unknownTopic: 3,
  invalidRequest: 42,
  outOfOrder: 45,
  invalidEpoch: 47,
  invalidState: 48,
  invalidMapping: 49,
  invalidTimeout: 50,
  unauthorized: 53,
  notAttempted: 55,
  unstable: 88,
  fenced: 90,
  notFound: 105,
  abortable: 120,
  invalidRegex: 128,
} as const

interface Who {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
}

let kafka: KafkaFixture
before(async () => {
  kafka = await KafkaFixture.start()
  const topic = { name: 't', numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }
  const asked = { topics: [topic], timeoutMs: 1000, validateOnly: false }
  await kafka.client.call('createTopics', asked)
})
after(() => kafka[Symbol.asyncDispose]())

let last = 0
/** A producer of its own for each test. */
async function init(transactionalId = `x${last++}`, version = 5): Promise<Who> {
  const asked = {
    transactionalId,
    transactionTimeoutMs: 60_000,
    producerId: -1,
    producerEpoch: -1,
  }
  const {
    errorCode,
    producerId = -1,
    producerEpoch,
  } = await kafka.client.call('initProducerId', asked, version)
  assert.equal(errorCode, code.none)
  return { transactionalId, producerId, producerEpoch }
}

async function add(who: Who, partitions: readonly number[], version = 3): Promise<number[]> {
  const { resultsByTopicV3AndBelow: results = [] } = await kafka.client.call(
    'addPartitionsToTxn',
    {
      transactions: [],
      v3AndBelowTransactionalId: who.transactionalId,
      v3AndBelowProducerId: who.producerId,
      v3AndBelowProducerEpoch: who.producerEpoch,
      v3AndBelowTopics: [{ name: 't', partitions }],
    },
    version,
  )
  return results[0]!.resultsByPartition.map((each) => each.partitionErrorCode)
}

interface Produced {
  readonly partition?: number
  readonly sequence?: number
  readonly transactionalId?: string | null
}

async function produce(who: Who, version: number, asked: Produced = {}): Promise<number> {
  const { partition = 0, sequence = 0, transactionalId = who.transactionalId } = asked
  const records = batchOfRecords([{}], 'none', {
    producerId: who.producerId,
    producerEpoch: who.producerEpoch,
    baseSequence: sequence,
    isTransactional: true,
  })
  const topicData = [{ name: 't', topicId: '', partitionData: [{ index: partition, records }] }]
  const request = { transactionalId, acks: -1, timeoutMs: 1000, topicData }
  const { responses } = await kafka.client.call('produce', request, version)
  return responses[0]!.partitionResponses[0]!.errorCode
}

async function end(who: Who, committed: boolean, version = 5): Promise<number> {
  const { errorCode } = await kafka.client.call('endTxn', { ...who, committed }, version)
  return errorCode
}

describe('InitProducerId', () => {
  it('refuses an id that is empty, half an identity and too long a time', async () => {
    const ask = async (request: object): Promise<number | undefined> => {
      const usual = { transactionalId: 'y', transactionTimeoutMs: 1000 }
      const none = { producerId: -1, producerEpoch: -1 }
      const answer = await kafka.client.call('initProducerId', { ...usual, ...none, ...request })
      return answer.errorCode
    }
    assert.equal(await ask({ transactionalId: '' }), code.invalidRequest)
    assert.equal(await ask({ producerId: 1 }), code.invalidRequest)
    assert.equal(await ask({ transactionTimeoutMs: 900_001 }), code.invalidTimeout)
  })

  it('asks the setting of the broker for the longest time', async () => {
    const calls = new ConfigCalls(kafka.client)
    const name = 'transaction.max.timeout.ms'
    await calls.alter(configType.broker, '', [[name, '1000']])
    const asked = { transactionalId: 'z', producerId: -1, producerEpoch: -1 }
    const request = { ...asked, transactionTimeoutMs: 1001 }
    const { errorCode } = await kafka.client.call('initProducerId', request)
    await calls.alter(configType.broker, '', [[name, null, 1]])
    assert.equal(errorCode, code.invalidTimeout)
    assert.equal((await kafka.client.call('initProducerId', request)).errorCode, code.none)
  })

  it('tells who is fenced in words that its version knows', async () => {
    const old = await init('f')
    await init('f')
    await init('f')
    const ask = async (version: number): Promise<number | undefined> =>
      (await kafka.client.call('initProducerId', { ...old, transactionTimeoutMs: 1000 }, version))
        .errorCode
    assert.equal(await ask(3), code.invalidEpoch)
    assert.equal(await ask(4), code.fenced)
    for (const [version, expected] of [
      [1, code.invalidEpoch],
      [2, code.fenced],
    ] as const) {
      assert.deepEqual(await add(old, [0], version), [expected])
      assert.equal(await end(old, true, version), expected)
    }
  })
})

describe('AddPartitionsToTxn', () => {
  it('adds all of its partitions or none', async () => {
    const who = await init()
    assert.deepEqual(await add(who, [0, 9]), [code.notAttempted, code.unknownTopic])
    assert.equal(await produce(who, 11), code.abortable)
    assert.deepEqual(await add(who, [0]), [code.none])
    assert.equal(await produce(who, 11), code.none)
  })

  it('of version 4 and later says for brokers which partitions are part of a transaction', async () => {
    const who = await init()
    await add(who, [0])
    const topics = [{ name: 't', partitions: [0, 1] }]
    const { resultsByTransaction: [one] = [] } = await kafka.client.call(
      'addPartitionsToTxn',
      {
        transactions: [{ ...who, verifyOnly: true, topics }],
        v3AndBelowTransactionalId: '',
        v3AndBelowProducerId: 0,
        v3AndBelowProducerEpoch: 0,
        v3AndBelowTopics: [],
      },
      5,
    )
    const codes = one!.topicResults[0]!.resultsByPartition.map((each) => each.partitionErrorCode)
    assert.deepEqual(codes, [code.none, code.abortable])
  })
})

describe('a produce in a transaction', () => {
  it('adds its partition by itself since version 12; before, clients are told what they know', async () => {
    const who = await init()
    assert.equal(await produce(who, 10), code.invalidState)
    assert.equal(await produce(who, 11), code.abortable)
    assert.equal(await produce(who, 12), code.none)
    assert.equal(await produce(who, 10, { sequence: 1 }), code.none)
  })

  it('needs the transactional id, and the producer id that this has', async () => {
    const who = await init()
    assert.equal(await produce(who, 12, { transactionalId: null }), code.unauthorized)
    const stranger = { ...who, transactionalId: 'nobody' }
    assert.equal(await produce(stranger, 12), code.invalidMapping)
    assert.equal(await produce({ ...who, producerEpoch: 5 }, 12), code.invalidEpoch)
  })

  it('begins with sequence 0, also after each end (KIP-890)', async () => {
    const who = await init()
    assert.equal(await produce(who, 12, { sequence: 3 }), code.outOfOrder)
    assert.equal(await produce(who, 12), code.none)
    assert.equal(await end(who, true), code.none)
    const next = { ...who, producerEpoch: who.producerEpoch + 1 }
    assert.equal(await produce(who, 12, { sequence: 1 }), code.invalidEpoch)
    assert.equal(await produce(next, 12, { sequence: 1 }), code.outOfOrder)
    assert.equal(await produce(next, 12), code.none)
  })
})

it('the last stable offset is never below the first that there is', async () => {
  const who = await init()
  assert.equal(await produce(who, 12, { partition: 1 }), code.none)
  const partitions = [{ partitionIndex: 1, offset: -1 }]
  const { client } = kafka
  const deleted = await client.call('deleteRecords', {
    topics: [{ name: 't', partitions }],
    timeoutMs: 0,
  })
  const start = deleted.topics[0]!.partitions[0]!.lowWatermark
  const asked = [{ partitionIndex: 1, currentLeaderEpoch: -1, timestamp: -1 }]
  const latest = {
    replicaId: -1,
    isolationLevel: 1,
    topics: [{ name: 't', partitions: asked }],
    timeoutMs: 0,
  }
  const { topics } = await client.call('listOffsets', latest)
  assert.equal(topics[0]!.partitions[0]!.offset, start)
  assert.equal(await end(who, false), code.none)
})

describe('TxnOffsetCommit', () => {
  const commit = async (who: Who, version: number): Promise<number> => {
    const committed = { committedOffset: 7, committedLeaderEpoch: -1, committedMetadata: '' }
    const topics = [{ name: 't', partitions: [{ partitionIndex: 0, ...committed }] }]
    const member = { groupId: 'g', generationId: -1, memberId: '', groupInstanceId: null }
    const request = { ...who, ...member, topics }
    const answer = await kafka.client.call('txnOffsetCommit', request, version)
    return answer.topics[0]!.partitions[0]!.errorCode
  }
  const fetchOffset = async (requireStable: boolean): Promise<readonly [number, number]> => {
    const topics = [{ name: 't', topicId: '', partitionIndexes: [0] }]
    const groups = [{ groupId: 'g', memberId: null, memberEpoch: -1, topics }]
    const request = { groupId: '', topics: null, groups, requireStable }
    const answer = await kafka.client.call('offsetFetch', request, 8)
    const { errorCode, committedOffset } = answer.groups![0]!.topics[0]!.partitions[0]!
    return [errorCode, committedOffset]
  }

  it('needs its group in the transaction, or adds it by itself since version 5', async () => {
    const who = await init()
    assert.equal(await commit(who, 3), code.invalidState)
    assert.equal(await commit(who, 4), code.abortable)
    const { errorCode } = await kafka.client.call('addOffsetsToTxn', { ...who, groupId: 'g' })
    assert.equal(errorCode, code.none)
    assert.equal(await commit(who, 3), code.none)
    assert.deepEqual(await fetchOffset(true), [code.unstable, -1])
    assert.deepEqual(await fetchOffset(false), [code.none, -1])
    assert.equal(await end(who, true), code.none)
    assert.deepEqual(await fetchOffset(true), [code.none, 7])
    const next = { ...who, producerEpoch: who.producerEpoch + 1 }
    assert.equal(await commit(who, 5), code.invalidEpoch)
    assert.equal(await commit(next, 5), code.none)
    assert.equal(await end(next, false), code.none)
  })
})

describe('who looks', () => {
  it('sees transactions, and chooses them by state, producer, age and pattern', async () => {
    const who = await init('look-1')
    await init('look-2')
    assert.equal(await produce(who, 12), code.none)
    const list = async (asked: object): Promise<string[]> => {
      const none = { stateFilters: [], producerIdFilters: [], durationFilter: -1 }
      const request = { ...none, transactionalIdPattern: 'look-.*', ...asked }
      const { errorCode, transactionStates } = await kafka.client.call('listTransactions', request)
      assert.equal(errorCode, code.none)
      return transactionStates.map((each) => each.transactionalId).toSorted()
    }
    assert.deepEqual(await list({}), ['look-1', 'look-2'])
    assert.deepEqual(await list({ stateFilters: ['Ongoing'] }), ['look-1'])
    assert.deepEqual(await list({ producerIdFilters: [who.producerId] }), ['look-1'])
    assert.deepEqual(await list({ transactionalIdPattern: 'ook-1' }), [])
    assert.deepEqual(await list({ durationFilter: 1e9, stateFilters: ['Ongoing'] }), [])
    const ask = (
      request: object,
    ): Promise<{ errorCode: number; unknownStateFilters: readonly string[] }> =>
      kafka.client.call('listTransactions', {
        stateFilters: ['Odd', 'Dead'],
        producerIdFilters: [],
        durationFilter: -1,
        transactionalIdPattern: null,
        ...request,
      })
    assert.deepEqual((await ask({})).unknownStateFilters, ['Odd'])
    assert.equal((await ask({ transactionalIdPattern: '(' })).errorCode, code.invalidRegex)
    const transactionalIds = ['look-1', 'absent', '']
    const { transactionStates } = await kafka.client.call('describeTransactions', {
      transactionalIds,
    })
    assert.deepEqual(
      transactionStates.map(({ errorCode, transactionState }) => [errorCode, transactionState]),
      [
        [code.none, 'Ongoing'],
        [code.notFound, ''],
        [code.invalidRequest, ''],
      ],
    )
    assert.deepEqual(transactionStates[0]!.topics, [{ topic: 't', partitions: [0] }])
    assert.equal(await end(who, false), code.none)
  })

  it('sees producers of a partition; an abort of one ends all of its transaction', async () => {
    const who = await init()
    await produce(who, 12)
    await produce(who, 12, { partition: 1 })
    const isOpenIn = async (index: number): Promise<boolean> => {
      const topics = [{ name: 't', partitionIndexes: [index] }]
      const answer = await kafka.client.call('describeProducers', { topics })
      const { activeProducers } = answer.topics[0]!.partitions[0]!
      const found = activeProducers.find(({ producerId }) => producerId === who.producerId)
      return (found?.currentTxnStartOffset ?? -1) >= 0
    }
    assert.deepEqual([await isOpenIn(0), await isOpenIn(1)], [true, true])
    const abort = async (producerEpoch: number, transactionResult: boolean): Promise<number> => {
      const topics = [{ name: 't', partitionIndexes: [0] }]
      const { producerId } = who
      const marker = { producerId, producerEpoch, transactionResult, topics }
      const markers = [{ ...marker, coordinatorEpoch: 0, transactionVersion: 0 }]
      const answer = await kafka.client.call('writeTxnMarkers', { markers })
      return answer.markers[0]!.topics[0]!.partitions[0]!.errorCode
    }
    assert.equal(await abort(-1, false), code.invalidEpoch)
    assert.equal(await abort(who.producerEpoch, true), code.invalidState)
    assert.equal(await abort(who.producerEpoch, false), code.none)
    assert.deepEqual([await isOpenIn(0), await isOpenIn(1)], [false, false])
    assert.equal(await end(who, true), code.invalidState)
  })
})

it('a coordinator of transactions is this broker, and clients are told of version 2', async () => {
  const asked = { key: '', keyType: 1, coordinatorKeys: ['x'] }
  const { coordinators: [found] = [] } = await kafka.client.call('findCoordinator', asked, 6)
  assert.deepEqual([found?.errorCode, found?.nodeId], [code.none, 1])
  const names = { clientSoftwareName: 'test', clientSoftwareVersion: '1' }
  for (const [version, isSupportShown] of [
    [3, false],
    [4, true],
  ] as const) {
    const answer = await kafka.client.call('apiVersions', names, version)
    const finalized = answer.finalizedFeatures?.find(({ name }) => name === 'transaction.version')
    assert.equal(finalized?.maxVersionLevel, 2)
    const supported = answer.supportedFeatures?.some(({ name }) => name === 'transaction.version')
    assert.equal(supported, isSupportShown)
  }
})
