import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { BrokerSystem, RunningBroker } from './broker-system.ts'
import { startChild } from './start-child.ts'

export type PabalVariant = {
  readonly durability: string
  /** Added to every fdatasync by Pabal's disk door, as a slower disk would; 0 adds nothing. */
  readonly syncDelayMs: number
}

const MAIN: string = resolve(import.meta.dirname, '..', 'src', 'main.ts')
const START_TIMEOUT_MS = 120_000

/** Pabal from this checkout, with its defaults but for free ports and the variant. */
export function pabalSystem({ durability, syncDelayMs }: PabalVariant): BrokerSystem {
  const isDelayed = syncDelayMs > 0
  const settings: Record<string, string> = { durability }
  if (isDelayed) settings['PABAL_BENCH_SYNC_DELAY_MS'] = String(syncDelayMs)
  return {
    name: isDelayed ? `pabal+${syncDelayMs}ms` : 'pabal',
    settings,
    start: (folder) => startPabal(folder, durability, syncDelayMs),
  }
}

async function startPabal(
  folder: string,
  durability: string,
  syncDelayMs: number,
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
  if (syncDelayMs > 0) env['PABAL_BENCH_SYNC_DELAY_MS'] = String(syncDelayMs)
  const child = startChild({
    command: process.execPath,
    args: [
      MAIN,
      `--data=${join(folder, 'data')}`,
      '--amqp-port=0',
      ...['http', 'kafka', 'mqtt', 'stomp'].map((name) => `--${name}-port=off`),
      `--durability=${durability}`,
      `--ready-file=${readyFile}`,
    ],
    env,
    cwd: folder,
    logFile: join(folder, 'pabal.log'),
  })
  await child.waitUntil(() => existsSync(readyFile), START_TIMEOUT_MS)
  const ready = JSON.parse(readFileSync(readyFile, 'utf8')) as { amqp?: { port: number } }
  if (ready.amqp === undefined) {
    await child.stop('SIGTERM')
    throw new Error('this Pabal listens on no AMQP port')
  }
  return {
    pid: child.pid,
    amqpPort: ready.amqp.port,
    logTail: () => child.logTail(),
    stop: (signal) => child.stop(signal),
  }
}
