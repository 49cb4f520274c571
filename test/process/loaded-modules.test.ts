// What a start loads decides how long it takes and what an idle broker needs (docs/decisions/0040).
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { otherPortsOff } from '../../src/cli/other-ports-off.ts'
import { KafkaRawClient } from '../support/kafka-raw-client.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'
import { BrokerProgram, ScratchFolder } from './broker-program.ts'

const preload = new URL('./note-modules.ts', import.meta.url)
// A port that somebody has is a line in the log, which loads what writes it.
const flags = [
  ...['amqp', 'http', 'kafka'].flatMap((name) => [`--${name}-port`, '0']),
  ...otherPortsOff,
]

const anyAcl = {
  resourceTypeFilter: 1,
  resourceNameFilter: null,
  principalFilter: null,
  hostFilter: null,
  operation: 1,
  permissionType: 1,
}

/** Packages among the modules noted so far, once each. */
function packagesIn(list: string, when: 'early' | 'late'): string[] {
  const names = readFileSync(list, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith(`${when} `))
    .flatMap((line) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(line)?.[1] ?? [])
  return [...new Set(names)]
}

test('libraries that no first client needs are loaded after the broker is ready', async () => {
  using folder = new ScratchFolder()
  const [readyFile, list] = [folder.file('ready.json'), folder.file('modules')]
  await using program = BrokerProgram.run(folder, flags, {
    NODE_OPTIONS: `--import=${preload.href}`,
    PABAL_READY_FILE: readyFile,
    PABAL_TEST_MODULES: list,
  })
  await program.ready(readyFile)
  const early = packagesIn(list, 'early').filter((name) => !name.startsWith('@node-rs/crc32'))
  assert.deepEqual(early, [], 'loaded before it was ready')
  assert.doesNotMatch(readFileSync(list, 'utf8'), /node:tls|server\/tls-(?:handshakes|credentials)/)
  for (const name of ['hono', 'pino']) {
    await waitFor(`${name} is loaded`, () => packagesIn(list, 'late').includes(name))
  }
})

test('what few clients ask for is loaded with its first request, which others wait behind', async () => {
  using folder = new ScratchFolder()
  const [readyFile, list] = [folder.file('ready.json'), folder.file('modules')]
  await using program = BrokerProgram.run(folder, flags, {
    NODE_OPTIONS: `--import=${preload.href}`,
    PABAL_READY_FILE: readyFile,
    PABAL_TEST_MODULES: list,
  })
  const { kafka } = await program.ready(readyFile)
  const early = readFileSync(list, 'utf8').replaceAll(/^late .*\n/gm, '')
  assert.match(early, /messages\/fetch\.gen/)
  for (const late of ['describe-acls.gen', 'kafka/acls', 'share-partition', 'consumer-group.ts']) {
    assert.doesNotMatch(early, new RegExp(late))
  }
  await using client = await KafkaRawClient.connect(kafka?.port ?? 0)
  const group = { groupId: 'g', memberId: 'm', memberEpoch: 0, rackId: null }
  const shared = { ...group, subscribedTopicNames: ['t'] }
  // It fails unless the answers come in the order of the requests.
  const [acls, versions, heartbeat, { groups }] = await Promise.all([
    client.call('describeAcls', { ...anyAcl, patternTypeFilter: 1 }),
    client.call('apiVersions', { clientSoftwareName: 'raw', clientSoftwareVersion: '1' }),
    client.call('shareGroupHeartbeat', shared),
    client.call('listGroups', { statesFilter: [], typesFilter: [] }),
  ])
  assert.equal(versions.errorCode, 0)
  assert.deepEqual([acls.errorCode, acls.resources], [0, []])
  assert.equal(heartbeat.errorCode, 0)
  assert.deepEqual(
    groups.map(({ groupId }) => groupId),
    ['g'],
  )
})

test('groups whose code is loaded late are there after a restart', async () => {
  await using broker = await TestBroker.start(['--kafka-port', '0'])
  {
    await using client = await KafkaRawClient.connect(broker.kafkaPort)
    const topic = {
      name: 't',
      numPartitions: 1,
      replicationFactor: 1,
      assignments: [],
      configs: [],
    }
    await client.call('createTopics', { topics: [topic], timeoutMs: 1000, validateOnly: false })
    const member = { memberId: 'a'.repeat(22), memberEpoch: 0, rackId: null }
    const joining = { ...member, subscribedTopicNames: ['t'] }
    const none = { instanceId: null, serverAssignor: null, subscribedTopicRegex: null }
    const consuming = { ...joining, ...none, topicPartitions: [] }
    const answers = await Promise.all([
      client.call('shareGroupHeartbeat', { ...joining, groupId: 'shared' }),
      client.call('consumerGroupHeartbeat', {
        ...consuming,
        groupId: 'consumed',
        rebalanceTimeoutMs: 60_000,
      }),
    ])
    assert.deepEqual(
      answers.map(({ errorCode }) => errorCode),
      [0, 0],
    )
  }
  await broker.kill()
  await broker.restart()
  await using client = await KafkaRawClient.connect(broker.kafkaPort)
  const { groups } = await client.call('listGroups', { statesFilter: [], typesFilter: [] })
  const found = groups.map(({ groupId, groupType }) => `${groupId}: ${groupType}`)
  assert.deepEqual(found.toSorted(), ['consumed: consumer', 'shared: share'])
})
