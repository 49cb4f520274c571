// Kafka's own tools against this broker: the ones that ask about clusters, replicas and settings. They
// come from Maven as the benchmark's Kafka does, and run where the Java clients of interop.test.ts run.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { kafkaClasspath } from '../../bench/systems/kafka-classpath.ts'
import { TestBroker } from '../support/start-test-broker.ts'

const toolMsMax = 60_000
const wanted: readonly string[] = (process.env['PABAL_INTEROP'] ?? '').split(',')
const isWanted: boolean = wanted.some((name) => ['all', 'java', 'kafka-tools'].includes(name))

const tools = 'org.apache.kafka.tools'
const reassignment = {
  version: 1,
  partitions: [{ topic: 'tools', partition: 0, replicas: [1] }],
}

/** What each call prints, among other things. */
const calls: readonly (readonly [main: string, args: string, says: RegExp])[] = [
  [`${tools}.TopicCommand`, '--create --topic tools --partitions 2', /Created topic tools/],
  [`${tools}.MetadataQuorumCommand`, 'describe --status', /LeaderId: +1\n/],
  [`${tools}.MetadataQuorumCommand`, 'describe --replication', /1 .*Leader/],
  [`${tools}.LeaderElectionCommand`, '--election-type preferred --all-topic-partitions', /^$/],
  [
    `${tools}.LeaderElectionCommand`,
    '--election-type preferred --topic tools --partition 0',
    /Valid replica already elected for partitions tools-0/,
  ],
  [`${tools}.reassign.ReassignPartitionsCommand`, '--list', /No partition reassignments found/],
  [
    `${tools}.reassign.ReassignPartitionsCommand`,
    '--reassignment-json-file FILE --execute',
    /Successfully started partition reassignment for tools-0/,
  ],
  [
    `${tools}.reassign.ReassignPartitionsCommand`,
    '--reassignment-json-file FILE --verify',
    /Reassignment of partition tools-0 is completed/,
  ],
  [
    `${tools}.ClientMetricsCommand`,
    '--alter --name sub --metrics org.apache.kafka. --interval 5000',
    /Altered client metrics config for sub/,
  ],
  [`${tools}.ClientMetricsCommand`, '--list', /^sub$/m],
  [`${tools}.LogDirsCommand`, '--describe', /"partition":"tools-1"/],
  [`${tools}.AclCommand`, '--list', /No Authorizer is configured/],
  ['kafka.admin.ConfigCommand', '--entity-type users --describe', /^$/],
  ['kafka.admin.ConfigCommand', '--entity-type clients --describe', /^$/],
  [
    'kafka.admin.ConfigCommand',
    '--entity-type brokers --entity-name 1 --alter --add-config log.cleaner.threads=2',
    /Completed updating config for broker 1/,
  ],
  [
    'kafka.admin.ConfigCommand',
    '--entity-type brokers --entity-name 1 --describe',
    /DYNAMIC_BROKER_CONFIG:log.cleaner.threads=2, DEFAULT_CONFIG:log.cleaner.threads=1/,
  ],
]

describe("Kafka's own tools", { skip: !isWanted }, () => {
  let broker: TestBroker
  let folder: string
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pabal-tools-'))
    writeFileSync(join(folder, 'reassignment.json'), JSON.stringify(reassignment))
    broker = await TestBroker.start(['--kafka-port', '0'])
  })
  after(async () => {
    await broker[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  for (const [main, args, says] of calls) {
    const name = main.split('.').at(-1) ?? main
    it(`${name} ${args}`, async () => {
      const file = join(folder, 'reassignment.json')
      const own = args.split(' ').map((word) => (word === 'FILE' ? file : word))
      const server = ['--bootstrap-server', `127.0.0.1:${broker.kafkaPort}`]
      assert.match(await output(main, [...server, ...own]), says)
    })
  }
})

/** All that a tool prints, whether it succeeds or not, without the notes of its logger. */
function output(main: string, args: readonly string[]): Promise<string> {
  const java = ['-Xmx256m', '-XX:+UseSerialGC', '-cp', kafkaClasspath(), main, ...args]
  return new Promise((resolve) => {
    execFile('java', java, { timeout: toolMsMax }, (_error, stdout, stderr) => {
      const lines = `${stdout}${stderr}`.split('\n')
      const isNote = (line: string): boolean => /^(?:SLF4J|WARN|.*log4j)/i.test(line)
      resolve(
        lines
          .filter((line) => !isNote(line))
          .join('\n')
          .trim(),
      )
    })
  })
}
