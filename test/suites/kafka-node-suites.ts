// Suites of clients of Kafka's protocol in Node. Their addresses stand in their code: they want a cluster, and one port
// for each way to log in.

import { basename, dirname, join } from 'node:path'
import { pathWith, sh, writeKafkaScripts } from './suite-calls.ts'
import type { Suite, SuiteCall } from './suite.ts'

const here: string = import.meta.dirname
const npm: SuiteCall = { command: 'npm', args: ['--version'] }

/** Other protocols are at ports that nobody asks for. */
const noOthers = '--amqp-port 0 --amqp-tls-port 0 --http-port 0 --http-tls-port 0'.split(' ')

const everything = { configure: '.*', write: '.*', read: '.*' }
/** Who stands in kafkajs's server-jaas.conf. All have rights, as its Kafka allows everyone what no ACL is about. */
const jaasUsers = [
  { name: 'test', password: 'testtest', tags: ['administrator'] },
  { name: 'bob', password: 'bobbob', tags: [] },
  { name: 'alice', password: 'alicealice', tags: [] },
  // Its password comes later, as a credential of SCRAM for each mechanism.
  { name: 'testscram', password_hash: '', tags: [] },
]

/** Those of kafkajs's tests that see other brokers. */
const cluster: RegExp = new RegExp(
  [
    '> BrokerPool #(?:connect does not|findBroker connects|hasConnectedBrokers returns true)',
    '> BrokerPool #(?:refreshMetadata (?:cleans|updates)|removeBroker)',
    'deleteTopicRecords (?:if|in case of)',
    'deleteRecords rejects the promise when broker is not',
    'findGroupCoordinator (?:attempt|retry)',
    'produce\\(\\) calls > where produce\\(\\) throws',
    '(?:alter|list)PartitionReassignments (?:list|reassign|request|throws an error trying)',
    'describeCluster retrieves|(?:alter|describe) broker configs|manual replica assignment',
  ].join('|'),
)

const scram =
  'kafka/bin/kafka-configs.sh --bootstrap-server localhost:9092 --alter --entity-type users --entity-name testscram'

const kafkajs: Suite = {
  name: 'kafkajs',
  repository: 'https://github.com/tulios/kafkajs',
  commit: '55b0b416308b9e597a5a6b97b0a6fd6b846255dc',
  language: npm,
  // npm takes the versions from its yarn.lock.
  prepare: [
    { command: 'npm', args: ['install', '--ignore-scripts', '--no-audit', '--no-fund'] },
    writeKafkaScripts,
    // Its topics for two replicas have one, where rights are what is looked at.
    sh(`sed -i 's/replicationFactor: 2/replicationFactor: 1/' src/admin/__tests__/*Acls.spec.js`),
  ],
  flags: [
    ...noOthers,
    ...'--kafka-node-id 0 --kafka-num-partitions 2 --kafka-advertised localhost:9092'.split(' '),
    ...'--kafka-tls-advertised localhost:9093'.split(' '),
  ],
  forwards: { 9094: 9093, 9095: 9092, 9096: 9093, 9097: 9093, 9098: 9092, 9099: 9093, 9100: 9093 },
  definitions: {
    users: jaasUsers,
    permissions: ['test', 'testscram', 'bob', 'alice'].map((user) => ({
      user,
      vhost: '/',
      ...everything,
    })),
  },
  // As its createScramCredentials.sh, which asks for both at once: a Kafka without ZooKeeper refuses that.
  begin: sh(
    ['SCRAM-SHA-256=[iterations=8192,password=', 'SCRAM-SHA-512=[password=']
      .map((config) => {
        const password = `testtestscram=${config.slice(10, 13)}`
        return `${scram} --add-config '${config}${password}]'`
      })
      .join(' && '),
  ),
  run: (results) => ({
    command: process.execPath,
    args: [
      'node_modules/jest/bin/jest.js',
      '--ci',
      '--maxWorkers=2',
      '--forceExit',
      '--testPathPattern=src/(admin|broker|cluster|consumer|network|producer)/',
    ],
    env: {
      KAFKA_VERSION: '2.4',
      KAFKAJS_DEBUG_PROTOCOL_BUFFERS: '1',
      JEST_JUNIT_OUTPUT_DIR: dirname(results),
      JEST_JUNIT_OUTPUT_NAME: basename(results),
      JEST_JUNIT_CLASSNAME: '{classname}',
      JEST_JUNIT_TITLE: '{title}',
      PATH: pathWith('kafkajs/bin'),
    },
  }),
  format: 'junit',
  hopeless: [
    { tests: cluster, reason: 'wants three brokers' },
    {
      tests: /^Brokers re-authentication with SASL OAUTHBEARER/,
      reason: 'skips itself: OAUTHBEARER is tried with unsigned tokens, which are not taken',
    },
    { tests: /^Broker > Fetch request(?: with GZIP)?$/, reason: 'is for Kafka 0.10' },
    { tests: /^Broker > ListOffsets v0/, reason: 'wants a version that Kafka 4 does not have' },
    {
      tests: /describeConfigs request without config names returns all/,
      reason: 'wants settings that Kafka 4 does not have',
    },
    {
      tests: /TxnOffsetCommit ignores invalid transaction fields/,
      reason: 'commits offsets in no transaction, which Kafka 4 refuses',
    },
    { tests: /emits request queue size events/, reason: 'skips itself' },
    {
      tests: /emits (?:the )?request timeout event/,
      reason: 'wants an answer to take longer than a millisecond',
      isSometimes: true,
    },
    {
      tests: /#connect PLAINTEXT rejects the Promise in case of errors/,
      reason: 'asks a DNS server',
      isSometimes: true,
    },
    {
      tests:
        /^Broker > (?:DescribeGroups|Heartbeat|LeaveGroup|OffsetCommit|SyncGroup|TxnOffsetCommit) |recovers from offset out of range/,
      reason: 'joins a group with a rebalance timeout of 0, which Kafka 4 takes at its word',
      isSometimes: true,
    },
  ],
}

/** Those of @platformatic/kafka's tests that see other brokers, or count the connections to them. */
const severalBrokers: RegExp = new RegExp(
  [
    'describeLogDirs should (?:describe|handle errors from Connection.get)',
    '[cC]onfigs should properly (?:describe|update) broker configs',
    'metadata should (?:fall back to discovered brokers|use bootstrap brokers only)',
    'send should (?:return produced messages when another|handle errors from ConnectionPool.get)',
  ].join('|'),
)

/** Those of its tests that talk to a broker, but for Kerberos and its schema registry. */
const platformaticFiles: readonly string[] = [
  'apis/definitions',
  ...['admin/admin', 'base/base', 'base/sasl', 'base/sasl-oauthbearer', 'consumer/consumer']
    .concat('consumer/consumer-consumer-group-protocol')
    .concat('consumer/messages-stream', 'consumer/messages-stream-backpressure-memory')
    .concat('consumer/messages-stream-rebalance', 'producer/partitioners', 'producer/producer')
    .concat('producer/producer-stream', 'producer/transactions')
    .map((name) => `clients/${name}`),
  'issues/gh-300',
  'issues/issue-309',
  'issues/issue-339',
  'network/connection',
].map((name) => `test/${name}.test.ts`)

const platformatic: Suite = {
  name: 'platformatic-kafka',
  repository: 'https://github.com/platformatic/kafka',
  commit: 'f84b496dd6247411366791b74cd871bf6a3b944e',
  language: npm,
  prepare: [
    // Only its benchmarks need the package that goes: not every registry has it.
    sh(`sed -i '/@platformatic\\/rdkafka"/d' package.json`),
    {
      command: 'npx',
      args: ['--yes', 'pnpm@10.20.0', 'install', '--no-frozen-lockfile', '--ignore-scripts'],
    },
    sh(
      `rm -rf node_modules/kerberos && mkdir node_modules/kerberos && cp '${join(here, 'platformatic/kerberos.cjs')}' node_modules/kerberos/index.cjs && echo '{"name":"kerberos","exports":"./index.cjs"}' > node_modules/kerberos/package.json`,
    ),
  ],
  flags: [
    ...noOthers,
    ...'--kafka-port 9011 --kafka-advertised localhost:9011'.split(' '),
    ...'--kafka-group-consumer-min-heartbeat-interval-ms 100'.split(' '),
    ...'--kafka-group-consumer-heartbeat-interval-ms 200'.split(' '),
  ],
  others: [
    '--kafka-port 9001 --kafka-advertised localhost:9001'.split(' '),
    [
      ...'--kafka-port 9002 --kafka-advertised localhost:9002'.split(' '),
      ...'--kafka-connections-max-reauth-ms 5000 --user admin --password-file'.split(' '),
      join(here, 'platformatic/password'),
    ],
  ],
  // Users for SCRAM are made at 19002 without a login, which there would be none: here a password is for all mechanisms.
  forwards: { 9012: 9011, 9013: 9011, 19002: 9001 },
  run: (results) => ({
    command: process.execPath,
    args: [
      '--test',
      '--test-reporter=junit',
      `--test-reporter-destination=${results}`,
      '--test-timeout=120000',
      '--test-force-exit',
      ...platformaticFiles,
    ],
    env: { KAFKA_VERSION: '8.1.0', PATH: pathWith('kerberos') },
  }),
  format: 'junit',
  hopeless: [
    { tests: severalBrokers, reason: 'wants three brokers' },
    { tests: /GSSAPI/, reason: 'wants Kerberos' },
    {
      tests:
        /OAUTHBEARER|^test should (?:accept an? |automatically refresh expired tokens|handle (?:a?sync credential|authentication errors))/,
      reason: 'sends unsigned tokens, which are not taken',
    },
    {
      tests: /ClientQuotas should (?:quotas should set|support validateOnly|handle strict)/,
      reason: "wants quotas in the order of Java's hashes",
    },
    {
      tests: /should include documentation and synonyms if requested \(TOPIC/,
      reason: "wants Kafka's text about a setting",
    },
    {
      tests: /^test fetch should return data and support diagnostic channels/,
      reason: 'wants 0 as the leader epoch of a new topic; here it counts the starts of the broker',
    },
    {
      tests: /connection failures to non-existent broker|connect should handle connection timeout/,
      reason: 'wants an address that does not answer, where one is not reached',
      isSometimes: true,
    },
  ],
}

/** In the order of the table. */
export const kafkaNodeSuites: readonly Suite[] = [kafkajs, platformatic]
