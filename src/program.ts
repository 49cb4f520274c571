// The program that starts a broker: configuration → broker → signals. stdout says where it listens and that it
// is ready; the log goes to stderr; a failure is one line on stderr and a sysexits code.
import path from 'node:path'
import type { Arguments } from './cli/arguments.ts'
import { fail } from './cli/end-program.ts'
import { removeReadyFile, writeReadyFile } from './cli/ready-file.ts'
import type { ServiceManager } from './cli/service-manager.ts'
import { watchStopRequests } from './cli/stop-requests.ts'
import { tuneCollector } from './cli/tune-collector.ts'
import { keepProcessAlive, systemClock } from './lib/clock.ts'
import { exitCodes } from './lib/exit-codes.ts'
import { type ExitCode, ExitError } from './lib/exit-error.ts'
import { type Address, formatAddress } from './lib/listen.ts'
import { createLogger } from './lib/logger.ts'
import type { Logger } from './lib/logger.ts'
import { printable } from './lib/printable.ts'
import { version } from './lib/version.ts'
import { programLimits } from './limits/program.ts'
import { openServices, protocols } from './node/services.ts'
import { loadConfig } from './settings/load-config.ts'
import type { LoadedConfig } from './settings/load-config.ts'
import type { BrokerOptions } from './settings/settings.ts'
import { startBroker } from './start-broker.ts'
import type { RunningBroker, StartOptions } from './start-broker.ts'

function checkServices(options: BrokerOptions): void {
  if (protocols.some((protocol) => openServices(protocol, options).length > 0)) return
  throw new ExitError(
    exitCodes.config,
    'every listener is off: give amqp-port or kafka-port a port (0 picks a free one)',
  )
}

function announce(broker: RunningBroker, dataFolder: string): void {
  const open = protocols.flatMap(({ services }) =>
    services.filter(({ name }) => name in broker.addresses),
  )
  const width = Math.max('kafka'.length, ...open.map(({ name }) => name.length)) + 1
  const addresses = open.map(({ name, scheme }) => {
    const address = formatAddress(broker.addresses[name] as Address)
    return `  ${name.padEnd(width)} ${scheme}://${address}`
  })
  const data = `  ${'data'.padEnd(width)} ${printable(dataFolder)}`
  const lines = [`Pabal ${version}`, ...addresses, data, 'Server startup complete']
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** Resolves when somebody wants the broker to stop. */
async function stopRequested(parentPid: number | undefined): Promise<string> {
  return new Promise((resolve) => {
    watchStopRequests(systemClock, parentPid, {
      onStop: resolve,
      onForce: (exitCode) => process.exit(exitCode),
    })
  })
}

/** Undefined when it is to stop first: a node of a cluster may wait long for PostgreSQL. */
function startUnlessStopped(
  stopping: Promise<string>,
  options: StartOptions,
): Promise<RunningBroker | undefined> {
  const { cluster } = options
  const starting = startBroker(options)
  return cluster === undefined ? starting : Promise.race([starting, stopping.then(() => undefined)])
}

async function closeInTime(broker: RunningBroker, delayMs: number, logger: Logger): Promise<void> {
  systemClock.after(delayMs + programLimits.stopMsMax, () => {
    logger.error('stopping took too long; ending now, the log recovers at the next start')
    process.exit(exitCodes.software)
  })
  await broker.close()
}

/** Only a service of systemd has one. */
async function findServiceManager(logger: Logger): Promise<ServiceManager | undefined> {
  if (!process.env['NOTIFY_SOCKET']) return undefined
  const { ServiceManager } = await import('./cli/service-manager.ts')
  return new ServiceManager(process.env, systemClock, logger)
}

function crash(logger: Logger, error: unknown): never {
  logger.fatal({ err: error }, 'a fault of the broker itself; ending')
  process.exit(exitCodes.software)
}

async function start(config: LoadedConfig): Promise<ExitCode> {
  const { options } = config
  checkServices(options)
  const { readyFile, parentPid, logLevel, logFormat } = options
  const logger = createLogger({ level: logLevel, format: logFormat })
  process.on('uncaughtException', (error) => crash(logger, error))
  const stopping = stopRequested(parentPid)
  for (const warning of config.warnings) logger.warn(warning)
  if (readyFile !== undefined) removeReadyFile(readyFile)
  const broker = await startUnlessStopped(stopping, {
    ...options,
    logger,
    origins: config.origins,
    syncDelayMs: syncDelayOf(process.env),
  })
  if (broker === undefined) {
    logger.info('stopped before it was ready')
    return exitCodes.ok
  }
  if (readyFile !== undefined) writeReadyFile(readyFile, broker.addresses)
  try {
    announce(broker, path.resolve(options.data))
    systemClock.after(programLimits.lateLoadMs, () => logger.prepare())
    const manager = await findServiceManager(logger)
    manager?.ready(`Ready: ${Object.keys(broker.addresses).join(', ')}`)
    logger.info(`stopping: ${await Promise.race([stopping, broker.failed])}`)
    const delayMs = options.shutdownDelay * 1000
    manager?.stopping(delayMs + programLimits.stopMsMax)
    await closeInTime(broker, delayMs, logger)
    logger.info('stopped')
  } finally {
    if (readyFile !== undefined) removeReadyFile(readyFile)
  }
  return exitCodes.ok
}

async function run({ flags, configFile }: Arguments): Promise<ExitCode> {
  const config = await loadConfig({ flags, configFile, environment: process.env })
  try {
    return await start(config)
  } catch (error) {
    return fail(error, config.options.data)
  }
}

/** Only the benchmarks set it; see bench/README.md. */
function syncDelayOf(environment: NodeJS.ProcessEnv): number {
  return Number(environment['PABAL_BENCH_SYNC_DELAY_MS'] ?? 0)
}

/** Runs a broker until somebody wants it to stop, and ends the process. */
export async function runBroker(given: Arguments): Promise<never> {
  // The reader of our first lines may be gone (`npm start | head`); that is no reason to stop.
  process.stdout.on('error', () => undefined)
  tuneCollector()
  // Until the end is decided here; a clean stop may have to wait for a disk that comes back.
  keepProcessAlive()
  try {
    return process.exit(await run(given))
  } catch (error) {
    return fail(error, '')
  }
}
