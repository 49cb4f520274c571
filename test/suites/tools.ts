// Programs of other projects that show or watch a broker, built unchanged (Kafdrop without Confluent's serializers), and asked by tests of ours
// (tools/*.ts) what they show of one with traffic. They run as suites do: see run.ts.

import { join } from 'node:path'
import { buildFromModule } from './suite-calls.ts'
import type { Suite, SuiteCall } from './suite.ts'

const here: string = import.meta.dirname
const go: SuiteCall = { command: 'go', args: ['version'] }

/** Telegraf with the plugins that are tried. */
export const telegraf: string = join(here, '../../.cache/suites/telegraf')
const plugins = ['inputs.rabbitmq', 'outputs.file', 'outputs.amqp', 'outputs.kafka']
const formats = ['serializers.influx', 'serializers.json']

/** Every tool, in the order of the table. */
export const tools: readonly Suite[] = [
  goTool('kafka-exporter.ts', {
    name: 'kafka_exporter',
    repository: 'https://github.com/danielqsj/kafka_exporter',
    commit: '953e2f1745b90101f331ad629f10be5239845f69',
  }),
  goTool('kminion.ts', {
    name: 'kminion',
    repository: 'https://github.com/redpanda-data/kminion',
    commit: '4f3867a4400b731feda1f17f2e96dea36158d2ab',
  }),
  goTool('burrow.ts', {
    name: 'Burrow',
    repository: 'https://github.com/linkedin/Burrow',
    commit: 'ced55ba90f6b833a45a124d411fd5eef63a70933',
  }),
  {
    name: 'kafdrop',
    repository: 'https://github.com/obsidiandynamics/kafdrop',
    commit: 'dd68ef732cc6e940ddeab84c43ccfa21265efedd',
    language: { command: 'mvn', args: ['--version'] },
    prepare: [
      { command: process.execPath, args: [join(here, 'tools/without-confluent.ts')] },
      { command: 'mvn', args: ['--quiet', '--batch-mode', 'package', '-Dmaven.test.skip=true'] },
    ],
    run: (results) => testOf('kafdrop.ts', results),
    format: 'junit',
    hopeless: [],
  },
  {
    name: 'telegraf',
    repository: 'https://github.com/influxdata/telegraf',
    commit: 'v1.37.2',
    isModule: true,
    language: go,
    prepare: [
      buildFromModule(
        'github.com/influxdata/telegraf@v1.37.2',
        './cmd/telegraf',
        telegraf,
        ['custom', ...plugins, ...formats].join(),
      ),
    ],
    run: (results) => testOf('telegraf.ts', results),
    format: 'junit',
    hopeless: [],
  },
]

/** A program in Go, built as `tool`, which the test in `file` starts. */
function goTool(file: string, source: Pick<Suite, 'name' | 'repository' | 'commit'>): Suite {
  return {
    ...source,
    language: go,
    prepare: [{ command: 'go', args: ['build', '-p', '2', '-o', 'tool', '.'] }],
    run: (results) => testOf(file, results),
    format: 'junit',
    hopeless: [],
  }
}

function testOf(file: string, results: string): SuiteCall {
  return {
    command: process.execPath,
    args: [
      '--test',
      '--test-timeout=120000',
      '--test-reporter=junit',
      `--test-reporter-destination=${results}`,
      join(here, 'tools', file),
    ],
  }
}
