import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve, relative } from 'node:path'
import packageJson from '../../package.json' with { type: 'json' }
import { otherPortsOff } from '../../src/cli/other-ports-off.ts'
import { makeCertificate } from '../../test/support/make-certificate.ts'
import type { BrokerSystem, RunningBroker } from './broker-system.ts'
import { answers } from './handshake.ts'
import { HOST } from './ports.ts'
import { startChild } from './start-child.ts'

export type PabalVariant = {
  readonly durability: 'fsync' | 'os'
  /** Added to every fdatasync by Pabal's disk door, as a slower disk would; 0 adds nothing. */
  readonly syncDelayMs: number
  readonly profile: 'latency' | 'throughput'
  /** Clients come over TLS. */
  readonly isTls: boolean
}

const MAIN: string = resolve(import.meta.dirname, '..', '..', 'src', 'main.ts')
const START_TIMEOUT_MS = 120_000
const [CERTIFICATE, KEY] = ['certificate.pem', 'key.pem']

/** A certificate that signs itself, made for this start. */
function tlsFlags(folder: string): string[] {
  const made = makeCertificate({ hosts: ['localhost', HOST] })
  writeFileSync(join(folder, CERTIFICATE), made.certificate)
  writeFileSync(join(folder, KEY), made.key)
  return [
    `--tls-cert=${join(folder, CERTIFICATE)}`,
    `--tls-key=${join(folder, KEY)}`,
    '--amqp-tls-port=0',
    '--kafka-tls-port=0',
    '--http-tls-port=off',
  ]
}

/** Pabal from this checkout, with its defaults but for free ports and the variant. */
export function pabalSystem(variant: PabalVariant): BrokerSystem {
  const { durability, syncDelayMs, profile, isTls } = variant
  const isGathering = profile === 'throughput'
  const isDelayed = syncDelayMs > 0
  const settings: Record<string, string> = { durability }
  if (isDelayed) settings['PABAL_BENCH_SYNC_DELAY_MS'] = String(syncDelayMs)
  if (isTls) settings['tls-cert'] = 'P-256'
  if (isGathering) settings['profile'] = profile
  return {
    name: `pabal${durability === 'os' ? '-os' : ''}${isTls ? '-tls' : ''}${isGathering ? '-throughput' : ''}${isDelayed ? `+${syncDelayMs}ms` : ''}`,
    protocols: [
      'amqp',
      'kafka',
      'mqtt',
      'mqtt-qos-2',
      'mqtt-retained-wildcards',
      'stomp',
      'x-delayed-message',
    ],
    settings,
    version: () => `Pabal ${packageJson.version}, Node ${process.version}`,
    prepare: () => undefined,
    start: (folder) => startPabal(folder, variant),
  }
}

async function startPabal(
  folder: string,
  { durability, syncDelayMs, profile, isTls }: PabalVariant,
): Promise<RunningBroker> {
  mkdirSync(folder, { recursive: true })
  const readyFile = join(folder, 'ready.json')
  rmSync(readyFile, { force: true })
  // Neither the caller's own settings in the environment nor a pabal.yaml must count.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('PABAL_')),
  )
  // As `npm start` runs it: without the cache the compiler's memory counts as the broker's.
  env['NODE_COMPILE_CACHE'] = join(MAIN, '../../node_modules/.cache/node-compile')
  env['MALLOC_ARENA_MAX'] = '1'
  if (syncDelayMs > 0) env['PABAL_BENCH_SYNC_DELAY_MS'] = String(syncDelayMs)
  const child = startChild({
    command: process.execPath,
    args: [
      MAIN,
      `--data=${join(folder, 'data')}`,
      '--amqp-port=0',
      '--kafka-port=0',
      '--http-port=off',
      ...otherPortsOff,
      '--mqtt-port=0',
      '--stomp-port=0',
      `--durability=${durability}`,
      `--profile=${profile}`,
      `--ready-file=${readyFile}`,
      ...(isTls ? tlsFlags(folder) : []),
    ],
    env,
    cwd: folder,
    logFile: join(folder, 'pabal.log'),
  })
  await child.waitUntil(() => existsSync(readyFile), START_TIMEOUT_MS)
  const ports = JSON.parse(readFileSync(readyFile, 'utf8')) as Record<
    'amqp' | 'kafka' | 'mqtt' | 'stomp' | 'amqp-tls' | 'kafka-tls',
    { port: number }
  >
  const [amqpPort, kafkaPort] = [ports.amqp.port, ports.kafka.port]
  await child.waitUntil(() => answers('amqp', amqpPort), START_TIMEOUT_MS)
  await child.waitUntil(() => answers('kafka', kafkaPort), START_TIMEOUT_MS)
  return {
    pid: child.pid,
    amqpPort,
    kafkaPort,
    mqttPort: ports.mqtt.port,
    stompPort: ports.stomp.port,
    ...(isTls && {
      tls: {
        amqpPort: ports['amqp-tls'].port,
        kafkaPort: ports['kafka-tls'].port,
        // As results repeat it: without this machine's folders.
        ca: relative('.', join(folder, CERTIFICATE)),
      },
    }),
    readyMs: performance.now() - child.startedAt,
    logTail: () => child.logTail(),
    stop: (signal) => child.stop(signal),
  }
}
