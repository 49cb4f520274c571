// Suites of clients of Kafka's protocol.

import { join } from 'node:path'
import { makeVenv, pip, pytest, python } from './suite-calls.ts'
import type { Suite, SuiteCall } from './suite.ts'

const here: string = import.meta.dirname

function sh(command: string): SuiteCall {
  return { command: 'sh', args: ['-c', command] }
}

/** Its topics for three replicas have one: there is one broker. Nothing else of it changes. */
const oneReplica = String.raw`s/(test_create_topic_wait_exists\(.*), 3, 5000\)/\1, 1, 5000)/`

/** In the order of the table. */
export const kafkaSuites: readonly Suite[] = [
  {
    name: 'librdkafka',
    repository: 'https://github.com/confluentinc/librdkafka',
    commit: '4c3b017c3de8d9c10de12b9eec0ea688e8d5787d',
    language: { command: 'sh', args: ['-c', 'gcc --version && g++ --version && make --version'] },
    prepare: [
      { command: process.execPath, args: [join(here, 'write-kafka-scripts.ts'), 'kafka'] },
      sh(`sed -i -E '${oneReplica}' tests/0103-transactions.c tests/0107-topic_recreate.c`),
      sh('./configure --disable-gssapi && make -j2 libs && make -j2 -C tests build'),
    ],
    run: (results) => ({
      command: process.execPath,
      args: [join(here, 'run-librdkafka.ts'), results],
    }),
    hasOwnPorts: true,
    format: 'librdkafka',
    flags: ['--kafka-num-partitions', '4'],
    hopeless: [],
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
        `--junitxml=${results}`,
        'tests',
      ),
      env: {
        AIOKAFKA_NO_EXTENSIONS: '1',
        PYTHONPATH: join(here, 'aiokafka'),
        PATH: `${join(here, 'aiokafka/bin')}:${process.env['PATH']}`,
      },
    }),
    hasOwnPorts: true,
    format: 'junit',
    flags: ['--kafka-num-partitions', '2'],
    hopeless: [],
  },
]
