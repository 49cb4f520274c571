// Settings of topics, brokers and groups: names, defaults and texts are what Kafka 4.3.0 answered, and pabal.profile is
// Pabal's own.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { kafkaLimits } from '../../../src/limits/kafka.ts'
import {
  type Change,
  ConfigCalls,
  configType,
  operation,
  synonymsOf,
} from '../../support/config-calls.ts'
import { KafkaFixture } from '../../support/kafka-fixture.ts'

const code = { invalidTopic: 17, invalidConfig: 40, invalidRequest: 42 } as const

let kafka: KafkaFixture
let calls: ConfigCalls

before(async () => {
  kafka = await KafkaFixture.start()
  calls = new ConfigCalls(kafka.client)
  await kafka.createTopic('plain')
  await kafka.createTopic('set', { 'retention.ms': ' 1000 ', 'cleanup.policy': 'compact, delete' })
})
after(() => kafka[Symbol.asyncDispose]())

describe('DescribeConfigs', () => {
  it('shows every setting of a topic, where it comes from and what its type is', async () => {
    const result = await calls.describeOne(configType.topic, 'set')
    assert.equal(result.configs.length, 35)
    const rows = new Map(result.configs.map((row) => [row.name, row]))
    const { value, configSource, configType: kind, readOnly } = rows.get('retention.ms')!
    assert.deepEqual([value, configSource, kind, readOnly], ['1000', 1, 5, false])
    assert.deepEqual(synonymsOf(result, 'retention.ms'), ['retention.ms=1000@1'])
    assert.deepEqual(synonymsOf(result, 'cleanup.policy'), [
      'cleanup.policy=compact,delete@1',
      'log.cleanup.policy=delete@5',
    ])
    assert.deepEqual(synonymsOf(result, 'max.message.bytes'), ['message.max.bytes=1048588@5'])
    assert.deepEqual(synonymsOf(result, 'segment.ms'), [])
  })

  it('shows only what is asked for, and synonyms only when they are', async () => {
    const keys = ['cleanup.policy', 'no.such']
    const { configs } = await calls.describeOne(configType.topic, 'set', {
      keys,
      includeSynonyms: false,
    })
    assert.deepEqual(
      configs.map(({ name, synonyms }) => [name, synonyms]),
      [['cleanup.policy', []]],
    )
    assert.equal(
      (await calls.describeOne(configType.topic, 'set', { keys: [] })).configs.length,
      35,
    )
  })

  it('shows every setting of the broker, secrets without their values', async () => {
    const result = await calls.describeOne(configType.broker, '1')
    assert.equal(result.configs.length, 342)
    const rows = new Map(result.configs.map((row) => [row.name, row]))
    assert.equal(rows.get('default.replication.factor')?.value, '1')
    assert.equal(rows.get('offsets.topic.replication.factor')?.configSource, 4)
    assert.equal(rows.get('fetch.max.bytes')?.value, String(kafkaLimits.fetchAnswerSizeMax))
    const secret = rows.get('ssl.keystore.password')
    assert.deepEqual([secret?.isSensitive, secret?.value], [true, null])
    const changeable = result.configs.filter(({ readOnly }) => !readOnly).map(({ name }) => name)
    assert.ok(changeable.includes('log.retention.ms') && changeable.includes('num.io.threads'))
    assert.ok(!changeable.includes('node.id') && !changeable.includes('listeners'))
    assert.deepEqual((await calls.describeOne(configType.broker, '')).configs, [])
  })

  it('shows the settings of any group', async () => {
    const result = await calls.describeOne(configType.group, 'any')
    assert.equal(result.configs.length, 23)
    assert.deepEqual(synonymsOf(result, 'consumer.session.timeout.ms'), [
      'group.consumer.session.timeout.ms=45000@5',
    ])
  })

  it('refuses what there is not', async () => {
    for (const [resourceType, name, message] of [
      [configType.broker, '5', 'Unexpected broker id, expected 1 or empty string, but received 5'],
      [configType.broker, 'x', 'Broker id must be an integer, but it is: x'],
      [configType.group, '', 'Group name must not be empty'],
      [configType.clientMetrics, '', 'Client metrics subscription name must not be empty'],
    ] as const) {
      const { errorCode, errorMessage } = await calls.describeOne(resourceType, name)
      assert.deepEqual([errorCode, errorMessage], [code.invalidRequest, message])
    }
    assert.equal((await calls.describeOne(configType.topic, 'absent')).errorCode, 3)
    assert.equal((await calls.describeOne(configType.topic, 'a/b')).errorCode, code.invalidTopic)
  })
})

const invalid: readonly (readonly [name: string, value: string, reason: string, shown?: string])[] =
  [
    ['retention.ms', 'abc', 'Not a number of type LONG'],
    ['retention.ms', '-2', 'Value must be at least -1'],
    ['segment.bytes', '1', 'Value must be at least 1048576'],
    ['segment.bytes', '3000000000', 'Not a number of type INT'],
    ['cleanup.policy', 'delete,nope', 'String must be one of: compact, delete', 'nope'],
    [
      'compression.type',
      'brotli',
      'String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer',
    ],
    ['preallocate', 'yes', 'Expected value to be either true or false'],
    ['min.cleanable.dirty.ratio', '2', 'Value must be no more than 1', '2.0'],
    ['min.cleanable.dirty.ratio', 'x', 'Not a number of type DOUBLE'],
    ['compression.gzip.level', '0', 'Value must be between 1 and 9 or equal to -1'],
    ['compression.zstd.level', '50', 'Value must be no more than 22'],
  ]

describe('IncrementalAlterConfigs', () => {
  it("refuses values that a topic cannot have, in Kafka's words", async () => {
    for (const [name, value, reason, shown = value] of invalid) {
      assert.deepEqual(await calls.alter(configType.topic, 'plain', [[name, value]]), [
        code.invalidConfig,
        `Invalid value ${shown} for configuration ${name}: ${reason}`,
      ])
    }
    assert.deepEqual(await calls.alter(configType.topic, 'plain', [['no.such', '1']]), [
      code.invalidConfig,
      'Unknown topic config name: no.such',
    ])
    const lag: Change[] = [
      ['min.compaction.lag.ms', '1000'],
      ['max.compaction.lag.ms', '10'],
    ]
    assert.deepEqual(await calls.alter(configType.topic, 'plain', lag), [
      code.invalidConfig,
      'conflict topic config setting min.compaction.lag.ms (1000) > max.compaction.lag.ms (10)',
    ])
  })

  it('refuses changes that make no sense', async () => {
    const refusals: readonly (readonly [changes: readonly Change[], code: number, text: string])[] =
      [
        [
          [['retention.ms', null]],
          code.invalidRequest,
          'Null value not supported for : retention.ms',
        ],
        [
          [
            ['retention.ms', '5'],
            ['retention.ms', '6'],
          ],
          code.invalidRequest,
          'Error due to duplicate config keys',
        ],
        [
          [['retention.ms', '1', operation.append]],
          code.invalidConfig,
          "Can't APPEND to key retention.ms because its type is not LIST.",
        ],
        [[['retention.ms', '1', 9]], code.invalidRequest, 'Unknown operation 9 on retention.ms'],
      ]
    for (const [changes, expected, text] of refusals) {
      assert.deepEqual(await calls.alter(configType.topic, 'plain', changes), [expected, text])
    }
    assert.equal((await calls.alter(configType.topic, '', []))[0], code.invalidRequest)
    assert.deepEqual(await calls.alter(configType.broker, '1', [['broker.id', '5']]), [
      code.invalidRequest,
      'Cannot update these configs dynamically: [broker.id]',
    ])
  })

  it('adds to lists, takes from them and goes back to defaults', async () => {
    await kafka.createTopic('changed')
    const policy = async (): Promise<string | null | undefined> =>
      (await calls.describeOne(configType.topic, 'changed', { keys: ['cleanup.policy'] }))
        .configs[0]?.value
    const change = (value: string | null, how: number): ReturnType<ConfigCalls['alter']> =>
      calls.alter(configType.topic, 'changed', [['cleanup.policy', value, how]])
    assert.deepEqual(await change(' compact ', operation.append), [0, null])
    assert.equal(await policy(), 'delete,compact')
    await change('delete', operation.subtract)
    assert.equal(await policy(), 'compact')
    await change(null, operation.delete)
    assert.equal(await policy(), 'delete')
  })
})
