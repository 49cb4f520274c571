// Composition root: puts a broker together from its options and opens its listeners.
import path from 'node:path'
import type { BrokerState, BrokerStatus } from './admin/broker-status.ts'
import { openHttpServer } from './admin/http-server.ts'
import { completeOptions } from './config-sources.ts'
import type { BrokerOptions } from './config.ts'
import { systemClock } from './lib/clock.ts'
import type { Address } from './lib/listen.ts'
import type { Logger } from './lib/logger.ts'
import { version } from './lib/version.ts'

/** Options of the broker; what is left out has its default. */
export type StartOptions = Partial<BrokerOptions> & { readonly logger?: Logger }

/** A broker that takes work until it is closed. */
export interface RunningBroker extends AsyncDisposable {
  /** Service name → address, for every listener that is open. */
  readonly addresses: Readonly<Record<string, Address>>
  /** Stops taking work, finishes what is on its way to the disk and frees everything. */
  close(): Promise<void>
}

/** Starts a broker and resolves once all its listeners are open. */
export async function startBroker(startOptions: StartOptions = {}): Promise<RunningBroker> {
  const { logger: _logger, ...partial } = startOptions
  const options = completeOptions(partial)
  const startedAt = systemClock.monotonic()
  const addresses: Record<string, Address> = {}
  let state: BrokerState = 'starting'
  const status = (): BrokerStatus => ({
    state,
    version,
    uptimeMs: systemClock.monotonic() - startedAt,
    addresses,
    dataFolder: path.resolve(options.data),
    blockedReason: undefined,
    counts: {
      connections: 0,
      channels: 0,
      exchanges: 0,
      queues: 0,
      consumers: 0,
      messagesReady: 0,
      messagesUnacked: 0,
    },
  })
  const { host, httpPort } = options
  const http =
    httpPort === 'off'
      ? undefined
      : await openHttpServer({ host, port: httpPort, source: { status } })
  if (http !== undefined) addresses['http'] = http.address
  state = 'ready'
  const close = async (): Promise<void> => {
    state = 'stopping'
    await http?.close()
  }
  return { addresses, close, [Symbol.asyncDispose]: close }
}
