/**
 * Kafka as one node in KRaft mode from its Maven artifacts: the settings of its distribution's
 * config/server.properties but for ports and folders, and the JVM flags of its start scripts.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BrokerSystem, RunningBroker } from './broker-system.ts'
import { answers } from './handshake.ts'
import { kafkaClasspath, kafkaVersion } from './kafka-classpath.ts'
import { freePorts, HOST } from './ports.ts'
import { startChild } from './start-child.ts'

export type KafkaVariant = {
  /** Kafka's default is to leave flushing to the kernel; true flushes before every answer. */
  readonly doesFsync: boolean
  /** Of the broker, beside those of its distribution. */
  readonly settings?: Readonly<Record<string, string>>
}

const START_TIMEOUT_MS = 120_000
const LOG_SETTINGS: string = join(import.meta.dirname, '..', 'kafka', 'log4j2.properties')
const CLUSTER_ID = 'cGFiYWwtYmVuY2gtY2x1cw'

/** bin/kafka-server-start.sh and bin/kafka-run-class.sh of the distribution. */
const JVM_FLAGS: readonly string[] =
  `-Xmx1G -Xms1G -server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35
   -XX:+ExplicitGCInvokesConcurrent -Djava.awt.headless=true`.split(/\s+/)

/** config/server.properties of the distribution, without ports and folders. */
const properties: Readonly<Record<string, string>> = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  'inter.broker.listener.name': 'PLAINTEXT',
  'controller.listener.names': 'CONTROLLER',
  'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
  'num.network.threads': '3',
  'num.io.threads': '8',
  'socket.send.buffer.bytes': '102400',
  'socket.receive.buffer.bytes': '102400',
  'socket.request.max.bytes': '104857600',
  'num.partitions': '1',
  'num.recovery.threads.per.data.dir': '1',
  'offsets.topic.replication.factor': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'log.retention.hours': '168',
  'log.segment.bytes': '1073741824',
  'log.retention.check.interval.ms': '300000',
}

export function kafkaSystem({ doesFsync, settings: given = {} }: KafkaVariant): BrokerSystem {
  const settings = { ...given, ...(doesFsync && { 'log.flush.interval.messages': '1' }) }
  return {
    name: doesFsync ? 'kafka-fsync' : 'kafka',
    protocols: ['kafka'],
    settings,
    version: kafkaVersion,
    prepare: () => void kafkaClasspath(),
    start: (folder) => startKafka(folder, kafkaClasspath(), settings),
  }
}

/** Starts a node on `folder`; `settings` win over what a node alone has. */
export async function startKafka(
  folder: string,
  classpath: string,
  settings: Readonly<Record<string, string>>,
): Promise<RunningBroker> {
  const propertiesFile = join(folder, 'server.properties')
  if (!existsSync(propertiesFile)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(propertiesFile, await describeNode(folder, settings))
    format(classpath, propertiesFile, 'controller.quorum.voters' in settings)
  }
  const kafkaPort = Number(
    /PLAINTEXT:..[\d.]+:(\d+)/.exec(readFileSync(propertiesFile, 'utf8'))?.[1],
  )
  const child = startChild({
    command: 'java',
    args: [
      ...JVM_FLAGS,
      `-Dlog4j2.configurationFile=${LOG_SETTINGS}`,
      '-cp',
      classpath,
      'kafka.Kafka',
      propertiesFile,
    ],
    env: process.env,
    cwd: folder,
    logFile: join(folder, 'kafka.log'),
  })
  await child.waitUntil(() => answers('kafka', kafkaPort), START_TIMEOUT_MS)
  return {
    pid: child.pid,
    amqpPort: undefined,
    kafkaPort,
    readyMs: performance.now() - child.startedAt,
    logTail: () => child.logTail(),
    stop: (signal) => child.stop(signal),
  }
}

/** The node's server.properties. A restart reads the same: its quorum remembers its ports. */
async function describeNode(
  folder: string,
  settings: Readonly<Record<string, string>>,
): Promise<string> {
  const [kafkaPort, controllerPort] = await freePorts(2)
  const listeners = `PLAINTEXT://${HOST}:${kafkaPort},CONTROLLER://${HOST}:${controllerPort}`
  const lines = Object.entries({
    ...properties,
    listeners,
    'advertised.listeners': listeners,
    ...('controller.quorum.voters' in settings
      ? {}
      : { 'controller.quorum.bootstrap.servers': `${HOST}:${controllerPort}` }),
    ...settings,
    'log.dirs': join(folder, 'data'),
  })
  return lines.map(([name, value]) => `${name}=${value}\n`).join('')
}

/** bin/kafka-storage.sh format, for a node alone with --standalone. */
function format(classpath: string, propertiesFile: string, isOneOfSeveral: boolean): void {
  const alone = isOneOfSeveral ? [] : ['--standalone']
  const args = ['format', ...alone, '--cluster-id', CLUSTER_ID, '--config', propertiesFile]
  const { status, stdout, stderr } = spawnSync(
    'java',
    ['-cp', classpath, 'kafka.tools.StorageTool', ...args],
    { encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`Kafka's storage could not be formatted:\n${stdout}${stderr}`)
}
