/**
 * Mosquitto from Debian's package, as a plain child process, with its defaults but for the port and anonymous clients:
 * it keeps everything in memory.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BrokerSystem, RunningBroker } from './broker-system.ts'
import { answers } from './handshake.ts'
import { freePorts, HOST } from './ports.ts'
import { startChild } from './start-child.ts'

const START_TIMEOUT_MS = 30_000
/** Debian's, which is not on everybody's path. */
const mosquittoProgram = '/usr/sbin/mosquitto'

export function mosquittoSystem(): BrokerSystem {
  return {
    name: 'mosquitto',
    protocols: ['mqtt', 'mqtt-qos-2', 'mqtt-retained-wildcards'],
    settings: { persistence: 'false', allow_anonymous: 'true' },
    version: installedVersion,
    prepare: expectInstalled,
    start: startMosquitto,
  }
}

function installedVersion(): string {
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', '${Version}', 'mosquitto'], {
    encoding: 'utf8',
  })
  return `Mosquitto ${stdout.trim() || 'unknown'}`
}

function expectInstalled(): void {
  if (spawnSync(mosquittoProgram, ['-h']).error === undefined) return
  throw new Error(
    'Mosquitto is not installed. On Debian: apt-get install mosquitto' +
      ' (its service is not needed: systemctl disable --now mosquitto);' +
      ' or leave it out with --systems',
  )
}

async function startMosquitto(folder: string): Promise<RunningBroker> {
  mkdirSync(folder, { recursive: true })
  const [mqttPort] = await freePorts(2)
  const config = join(folder, 'mosquitto.conf')
  // As root it would become a user of its own, who may not write here.
  const lines = [`listener ${mqttPort} ${HOST}`, 'allow_anonymous true', 'user root']
  writeFileSync(config, lines.map((line) => `${line}\n`).join(''))
  const child = startChild({
    command: mosquittoProgram,
    args: ['-c', config],
    env: process.env,
    cwd: folder,
    logFile: join(folder, 'mosquitto.log'),
  })
  await child.waitUntil(() => answers('mqtt', mqttPort), START_TIMEOUT_MS)
  return {
    pid: child.pid,
    amqpPort: undefined,
    kafkaPort: undefined,
    mqttPort,
    readyMs: performance.now() - child.startedAt,
    logTail: () => child.logTail(),
    stop: (signal) => child.stop(signal),
  }
}
