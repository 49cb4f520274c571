// Suites of clients of Kafka's protocol.

import { join } from 'node:path'
import { kafkaNodeSuites } from './kafka-node-suites.ts'
import { makeVenv, pathWith, pip, pytest, python, sh, writeKafkaScripts } from './suite-calls.ts'
import type { Suite } from './suite.ts'

const here: string = import.meta.dirname

/** Its topics for three replicas have one: there is one broker. Nothing else of it changes. */
const oneReplica = String.raw`s/(test_create_topic_wait_exists\(.*), 3, 5000\)/\1, 1, 5000)/; s/(create_topic\(NULL, topic.c_str\(\), 1), 3\)/\1, 1)/`

/** Those of aiokafka that talk to a broker, but for users and rights made by commands in a container. */
const aiokafkaFiles: readonly string[] = ['admin', 'client', 'conn', 'consumer', 'coordinator']
  .concat('fetcher', 'pep492', 'producer', 'transactional_consumer', 'transactional_producer')
  .map((name) => `tests/test_${name}.py`)

/** In the order of the table. */
export const kafkaSuites: readonly Suite[] = [
  {
    name: 'librdkafka',
    repository: 'https://github.com/confluentinc/librdkafka',
    commit: '4c3b017c3de8d9c10de12b9eec0ea688e8d5787d',
    language: { command: 'sh', args: ['-c', 'gcc --version && g++ --version && make --version'] },
    prepare: [
      writeKafkaScripts,
      sh(
        `sed -i -E '${oneReplica}' tests/0103-transactions.c tests/0107-topic_recreate.c tests/0111-*.cpp`,
      ),
      sh('./configure --disable-gssapi && make -j2 libs && make -j2 -C tests build'),
    ],
    run: (results) => ({
      command: process.execPath,
      args: [join(here, 'run-librdkafka.ts'), results],
    }),
    hasOwnPorts: true,
    minutesMax: 45,
    format: 'librdkafka',
    flags: ['--kafka-num-partitions', '4'],
    others: [['--kafka-num-partitions', '4', '--kafka-auto-create-topics-enable', 'false']],
    definitions: {
      users: [{ name: 'app', password: 'secret', tags: [] }],
      permissions: [{ user: 'app', vhost: '/', configure: '.*', write: '.*', read: '.*' }],
    },
    hopeless: [
      {
        tests: /^(?:0028_long_topicnames|0047_partial_buf_tmout)$/,
        reason: 'is known to fail, by its own table',
      },
      {
        tests: /^(?:0053_stats|0110_batch_size)$/,
        reason: 'skips itself where RapidJSON is not installed',
      },
      {
        tests: /^0171_share_consumer_consume$/,
        reason: 'wants libzstd where it is built',
        isSometimes: true,
      },
      { tests: /^0092_mixed_msgver$/, reason: 'wants a message format that Kafka 4 does not have' },
      { tests: /^0098_consumer_txn$/, reason: 'wants a program in Java that is not in it' },
      {
        tests: /^(?:0115_producer_auth|0119_consumer_auth)$/,
        reason: 'denies something to who does not log in, who is an administrator here',
      },
      { tests: /^0101_fetch_from_follower$/, reason: 'wants three brokers' },
      {
        tests: /^0113_cooperative_rebalance$/,
        reason: 'hangs in the end of its own client after a topic was deleted; not settled why',
      },
      {
        tests: /^0179_share_consumer_destroy$/,
        reason: 'wants its partitions on two brokers, which are read one after the other',
      },
      {
        tests: /^0173_share_consumer_commit_async$/,
        reason: 'takes too long beside five others; alone it passes',
        isSometimes: true,
      },
      {
        tests: /^(?:0097_ssl_verify|0126_oauthbearer_oidc|0135_sasl_credentials|0142_reauth)/,
        reason: 'skips itself where all clients are not set up to log in, or for TLS',
      },
      {
        tests: /^(?:0001_multiobj|0055_producer_latency)$/,
        reason: 'measures milliseconds, which a busy machine does not have',
        isSometimes: true,
      },
    ],
  },
  {
    name: 'aiokafka',
    repository: 'https://github.com/aio-libs/aiokafka',
    commit: '672947afe85c91b7d953f0259e69837a711d3246',
    language: python,
    prepare: [
      makeVenv,
      pip(
        'pytest==9.0.2',
        'pytest-asyncio==1.3.0',
        'pytest-mock==3.15.1',
        'async-timeout==5.0.1',
        'cramjam==2.11.0',
        'packaging==26.0',
        'typing_extensions==4.15.0',
      ),
      // It would be made in a container.
      { command: 'mkdir', args: ['tests/ssl_cert'] },
    ],
    // The folder has what stands for Docker's module and for Kerberos' tool.
    run: (results) => ({
      ...pytest(
        '--docker-image',
        'pabal:2.13_4.3.0',
        '--no-pull',
        // What a test that failed has not closed would fail a later one.
        '-p',
        'no:unraisableexception',
        `--junitxml=${results}`,
        ...aiokafkaFiles,
      ),
      env: {
        AIOKAFKA_NO_EXTENSIONS: '1',
        PYTHONPATH: join(here, 'aiokafka'),
        PATH: pathWith('kerberos'),
      },
    }),
    hasOwnPorts: true,
    format: 'junit',
    flags: ['--kafka-num-partitions', '2'],
    hopeless: [
      { tests: /_ssl|ssl_consume/, reason: 'makes its certificates in a container' },
      {
        tests: /test_offsets_for_times_single/,
        reason: 'writes records of 1970, which retention deletes where a test takes long',
        isSometimes: true,
      },
      { tests: /exclude_internal_topics/, reason: 'looks for the topic __consumer_offsets' },
    ],
  },
  ...kafkaNodeSuites,
]
