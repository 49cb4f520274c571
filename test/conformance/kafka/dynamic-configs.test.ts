// Settings that clients change while the broker runs, of the broker, of groups and of subscriptions to
// metrics. Texts are those of Kafka 4.x.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  type Change,
  ConfigCalls,
  configSource,
  configType,
  operation,
} from '../../support/config-calls.ts'
import { batchOfRecords, KafkaFixture } from '../../support/kafka-fixture.ts'
import { KafkaRawClient } from '../../support/kafka-raw-client.ts'
import { TestBroker } from '../../support/start-test-broker.ts'
import { waitFor } from '../../support/wait-for.ts'

const code = { messageTooLarge: 10, invalidConfig: 40, invalidRequest: 42 } as const

let kafka: KafkaFixture
let calls: ConfigCalls

before(async () => {
  kafka = await KafkaFixture.start()
  calls = new ConfigCalls(kafka.client)
  await kafka.createTopic('plain')
  await kafka.createTopic('set')
})
after(() => kafka[Symbol.asyncDispose]())

describe('settings of the broker that clients change', () => {
  it('are kept and shown, for one broker before those for all', async () => {
    const name = 'log.cleaner.threads'
    const fallback = `${name}=1@${configSource.default}`
    assert.deepEqual(await calls.alter(configType.broker, '', [[name, '2']]), [0, null])
    const forAll = `${name}=2@${configSource.allBrokers}`
    assert.deepEqual(await calls.shown(configType.broker, '1', name), ['2@3', forAll, fallback])
    assert.deepEqual(await calls.shown(configType.broker, '', name), ['2@3', forAll])
    assert.deepEqual(await calls.alter(configType.broker, '1', [[name, '3']]), [0, null])
    const forOne = `${name}=3@${configSource.broker}`
    assert.deepEqual(await calls.shown(configType.broker, '1', name), [
      '3@2',
      forOne,
      forAll,
      fallback,
    ])
    await calls.alter(configType.broker, '1', [[name, null, operation.delete]])
    await calls.alter(configType.broker, '', [[name, null, operation.delete]])
    assert.deepEqual(await calls.shown(configType.broker, '1', name), ['1@5', fallback])
  })

  it('are kept where they are of Kerberos, which is not here', async () => {
    const name = 'sasl.kerberos.min.time.before.relogin'
    const fallback = `${name}=60000@${configSource.default}`
    assert.deepEqual(await calls.alter(configType.broker, '1', [[name, '58000']]), [0, null])
    const forOne = `${name}=58000@${configSource.broker}`
    assert.deepEqual(await calls.shown(configType.broker, '1', name), ['58000@2', forOne, fallback])
    await calls.alter(configType.broker, '1', [[name, null, operation.delete]])
  })

  it("are refused in Kafka's words", async () => {
    const thread = 'Invalid value org.apache.kafka.common.config.ConfigException:'
    const end = 'for configuration Invalid dynamic configuration'
    const refusals: readonly (readonly [name: string, value: string, text: string])[] = [
      ['node.id', '5', 'Cannot update these configs dynamically: [node.id]'],
      [
        'log.retention.hours',
        '5',
        'Cannot update these configs dynamically: [log.retention.hours]',
      ],
      ['listeners', 'PLAINTEXT://:1', 'Cannot update these configs dynamically: [listeners]'],
      [
        'ssl.keystore.location',
        '/k',
        'These security configs can be dynamically updated only per-listener using the listener prefix: [ssl.keystore.location]',
      ],
      [
        'log.cleaner.threads',
        'x',
        'Invalid value x for configuration log.cleaner.threads: Not a number of type INT',
      ],
      ['log.cleaner.threads', '0', `${thread} Log cleaner threads should be at least 1 ${end}`],
      [
        'num.io.threads',
        '17',
        `${thread} Dynamic thread count update validation failed for num.io.threads=17, value should not be greater than double the current value 8 ${end}`,
      ],
      [
        'log.cleanup.policy',
        'shred',
        'Invalid value shred for configuration log.cleanup.policy: String must be one of: compact, delete',
      ],
    ]
    for (const [name, value, text] of refusals) {
      const refusal = [code.invalidRequest, text]
      assert.deepEqual(await calls.alter(configType.broker, '1', [[name, value]]), refusal)
      assert.deepEqual(await calls.alter(configType.broker, '', [[name, value]]), refusal)
    }
    assert.deepEqual(await calls.alter(configType.broker, '9', [['num.io.threads', '9']]), [
      code.invalidRequest,
      'Unexpected broker id, expected 1, but received 9',
    ])
    assert.deepEqual(await calls.alter(configType.brokerLogger, '1', [['root', 'DEBUG']]), [
      code.invalidRequest,
      'Log levels cannot be changed while the broker runs.',
    ])
  })

  it('are refused where they would have no effect, as those of certificates and racks', async () => {
    for (const name of ['ssl.principal.mapping.rules', 'broker.rack', 'replica.selector.class']) {
      const text = `Cannot update these configs dynamically: [${name}]`
      assert.deepEqual(await calls.alter(configType.broker, '', [[name, 'DEFAULT']]), [
        code.invalidRequest,
        text,
      ])
    }
    const shown = await calls.shown(configType.broker, '1', 'ssl.principal.mapping.rules')
    assert.equal(shown[0], `DEFAULT@${configSource.default}`)
  })

  it('may have names that only a plugged-in class knows', async () => {
    assert.deepEqual(await calls.alter(configType.broker, '1', [['own.setting', 'secret']]), [
      0,
      null,
    ])
    const { configs } = await calls.describeOne(configType.broker, '1', { keys: ['own.setting'] })
    assert.deepEqual([configs[0]?.isSensitive, configs[0]?.value], [true, null])
    await calls.alter(configType.broker, '1', [['own.setting', null, operation.delete]])
    assert.equal(
      (await calls.describeOne(configType.broker, '1', { keys: ['own.setting'] })).configs.length,
      0,
    )
  })

  it('are what topics have that set nothing themselves', async () => {
    await kafka.createTopic('inherits')
    await kafka.createTopic('insists', { 'max.message.bytes': '3000' })
    assert.deepEqual(await calls.alter(configType.broker, '', [['message.max.bytes', '1000']]), [
      0,
      null,
    ])
    const rest = ['message.max.bytes=1000@3', 'message.max.bytes=1048588@5']
    assert.deepEqual(await calls.shown(configType.topic, 'inherits', 'max.message.bytes'), [
      '1000@3',
      ...rest,
    ])
    assert.deepEqual(await calls.shown(configType.topic, 'insists', 'max.message.bytes'), [
      '3000@1',
      'max.message.bytes=3000@1',
      ...rest,
    ])
    const batch = batchOfRecords([{ value: 'v'.repeat(2000) }])
    assert.equal((await kafka.produce('inherits', batch)).errorCode, code.messageTooLarge)
    assert.equal((await kafka.produce('insists', batch)).errorCode, 0)
    await calls.alter(configType.broker, '', [['message.max.bytes', null, operation.delete]])
    assert.equal((await kafka.produce('inherits', batch)).errorCode, 0)
    await calls.alter(configType.broker, '', [['log.retention.ms', '5000']])
    assert.deepEqual(await calls.shown(configType.topic, 'inherits', 'retention.ms'), [
      '5000@3',
      'log.retention.ms=5000@3',
      'log.retention.hours=168@5',
    ])
    await calls.alter(configType.broker, '', [['log.retention.ms', null, operation.delete]])
    assert.deepEqual(await calls.shown(configType.topic, 'inherits', 'retention.ms'), [
      '604800000@5',
    ])
  })

  it('bound how many connections there are', async () => {
    assert.deepEqual(await calls.alter(configType.broker, '', [['max.connections.per.ip', '2']]), [
      0,
      null,
    ])
    await using second = await KafkaRawClient.connect(kafka.kafkaPort)
    await second.call('apiVersions', { clientSoftwareName: 'a', clientSoftwareVersion: '1' })
    const third = await KafkaRawClient.connect(kafka.kafkaPort)
    await waitFor('the third is refused', () => third.isClosed)
    const overrides: Change = ['max.connections.per.ip.overrides', '127.0.0.1:3']
    assert.deepEqual(await calls.alter(configType.broker, '', [overrides]), [0, null])
    await using other = await KafkaRawClient.connect(kafka.kafkaPort)
    await other.call('apiVersions', { clientSoftwareName: 'a', clientSoftwareVersion: '1' })
    for (const name of ['max.connections.per.ip', 'max.connections.per.ip.overrides']) {
      await calls.alter(configType.broker, '', [[name, null, operation.delete]])
    }
  })
})

describe('settings of groups and of subscriptions to metrics', () => {
  it('are kept and shown, whether there is such a group or not', async () => {
    const name = 'consumer.session.timeout.ms'
    const fallback = `group.${name}=45000@${configSource.default}`
    assert.deepEqual(await calls.alter(configType.group, 'some', [[name, '50000']]), [0, null])
    assert.deepEqual(await calls.shown(configType.group, 'some', name), [
      '50000@8',
      `${name}=50000@${configSource.group}`,
      fallback,
    ])
    assert.deepEqual(await calls.shown(configType.group, 'other', name), ['45000@5', fallback])
    const subscription: Change[] = [
      ['metrics', 'org.apache.kafka.producer.'],
      ['interval.ms', '1000'],
      ['match', 'client_software_name=Java'],
    ]
    assert.deepEqual(await calls.alter(configType.clientMetrics, 'sub', subscription), [0, null])
    assert.deepEqual(await calls.shown(configType.clientMetrics, 'sub', 'interval.ms'), [
      '1000@7',
      `interval.ms=1000@${configSource.clientMetrics}`,
    ])
    assert.deepEqual(await calls.shown(configType.clientMetrics, 'none', 'interval.ms'), [
      '300000@5',
    ])
  })

  it("are refused in Kafka's words", async () => {
    const session = 'consumer.session.timeout.ms'
    const refusals: readonly (readonly [
      kind: number,
      change: Change,
      code: number,
      text: string,
    ])[] = [
      [
        configType.group,
        ['no.such', '1'],
        code.invalidConfig,
        'Unknown group config name: no.such',
      ],
      [
        configType.group,
        [session, 'x'],
        code.invalidConfig,
        `Invalid value x for configuration ${session}: Not a number of type INT`,
      ],
      [
        configType.group,
        [session, '1'],
        code.invalidConfig,
        `${session} must be greater than or equal to group.consumer.min.session.timeout.ms`,
      ],
      [
        configType.group,
        [session, '60001'],
        code.invalidConfig,
        `${session} must be less than or equal to group.consumer.max.session.timeout.ms`,
      ],
      [
        configType.group,
        ['streams.num.standby.replicas', '3'],
        code.invalidConfig,
        'streams.num.standby.replicas must be less than or equal to group.streams.max.standby.replicas',
      ],
      [
        configType.group,
        ['share.isolation.level', 'none'],
        code.invalidConfig,
        'Invalid value none for configuration share.isolation.level: String must be one of: read_committed, read_uncommitted',
      ],
      [
        configType.clientMetrics,
        ['no.such', '1'],
        code.invalidRequest,
        'Unknown client metrics configuration: no.such',
      ],
      [
        configType.clientMetrics,
        ['interval.ms', '99'],
        code.invalidRequest,
        'Invalid value 99 for interval.ms, interval must be between 100 and 3600000 (1 hour)',
      ],
      [
        configType.clientMetrics,
        ['match', 'client_shoe_size=40'],
        code.invalidConfig,
        'Illegal client matching pattern: client_shoe_size=40',
      ],
    ]
    for (const [kind, change, expected, text] of refusals) {
      assert.deepEqual(await calls.alter(kind, 'refused', [change]), [expected, text])
    }
    assert.deepEqual(await calls.alter(configType.group, '', []), [
      code.invalidRequest,
      'Default group resources are not allowed.',
    ])
    const text =
      'The configuration value cannot be added because it exceeds the maximum value size of 32767 bytes.'
    await calls.alter(configType.clientMetrics, 'sub', [['metrics', 'm'.repeat(30_000)]])
    const more: Change = ['metrics', 'n'.repeat(3000), operation.append]
    assert.deepEqual(await calls.alter(configType.clientMetrics, 'sub', [more]), [
      code.invalidConfig,
      text,
    ])
  })
})

describe('settings that clients change', () => {
  it('are there after a crash', async () => {
    await using broker = await TestBroker.start(['--kafka-port', '0'])
    const connect = async (): Promise<KafkaRawClient> => KafkaRawClient.connect(broker.kafkaPort)
    const resources = [
      [configType.broker, '', 'log.retention.ms', '86400000'],
      [configType.broker, '1', 'num.io.threads', '10'],
      [configType.group, 'g/with:signs', 'share.session.timeout.ms', '46000'],
      [configType.clientMetrics, 'sub', 'metrics', 'a,b'],
    ] as const
    await using before = await connect()
    const { responses } = await before.call('incrementalAlterConfigs', {
      resources: resources.map(([resourceType, resourceName, name, value]) => ({
        resourceType,
        resourceName,
        configs: [{ name, value, configOperation: operation.set }],
      })),
      validateOnly: false,
    })
    assert.deepEqual(
      responses.map(({ errorCode }) => errorCode),
      [0, 0, 0, 0],
    )
    await broker.kill()
    await broker.restart()
    await using after = await connect()
    const { results } = await after.call('describeConfigs', {
      resources: resources.map(([resourceType, resourceName, name]) => ({
        resourceType,
        resourceName,
        configurationKeys: [name],
      })),
      includeSynonyms: false,
      includeDocumentation: false,
    })
    assert.deepEqual(
      results.map(({ configs }) => configs[0]?.value),
      resources.map(([, , , value]) => value),
    )
  })
})

describe('IncrementalAlterConfigs of several things', () => {
  it('refuses a thing that is named twice, and changes the others', async () => {
    const change = { name: 'retention.ms', value: '777', configOperation: operation.set }
    const { responses } = await kafka.client.call('incrementalAlterConfigs', {
      resources: ['plain', 'set', 'plain'].map((resourceName) => ({
        resourceType: configType.topic,
        resourceName,
        configs: [change],
      })),
      validateOnly: false,
    })
    const twice = 'Each resource must appear at most once.'
    assert.deepEqual(
      responses.map(({ errorCode, errorMessage }) => [errorCode, errorMessage]),
      [
        [code.invalidRequest, twice],
        [0, null],
        [code.invalidRequest, twice],
      ],
    )
    assert.equal((await calls.shown(configType.topic, 'set', 'retention.ms'))[0], '777@1')
    assert.equal((await calls.shown(configType.topic, 'plain', 'retention.ms'))[0], '604800000@5')
  })
})
