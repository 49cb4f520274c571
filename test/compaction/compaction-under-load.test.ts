import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigCalls, configType } from '../support/config-calls.ts'
import { KafkaRawClient } from '../support/kafka-raw-client.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { checkCompaction } from './check-compaction.ts'

const keyCount = 500
const seed = Number(process.env['PABAL_COMPACTION_SEED'] ?? 1)

test('a topic that is updated flat out is compacted to about its keys meanwhile', async () => {
  await using broker = await TestBroker.start(['--kafka-port', '0'])
  await using client = await KafkaRawClient.connect(broker.kafkaPort)
  const configs = new ConfigCalls(client)
  await configs.alter(configType.broker, '', [['log.cleaner.backoff.ms', '200']])
  const report = await checkCompaction({
    kafkaPort: broker.kafkaPort,
    pid: broker.pid ?? 0,
    dataFolder: broker.dataFolder,
    seed,
    updateCount: 60_000,
    keyCount,
    batchSize: 200,
    valueSize: 100,
    configs: {
      'cleanup.policy': 'compact',
      'segment.bytes': '1048576',
      'segment.ms': '300',
      'min.cleanable.dirty.ratio': '0.1',
    },
    slack: 0.5,
    waitMsMax: 20_000,
    trickleMs: 20,
  })
  assert.equal(report.fault, undefined, `seed ${seed}: ${JSON.stringify(report)}`)
  assert.ok(report.left >= keyCount)
})
