// The public door: starts a broker in this process and gives it to whoever embeds it.
import type { StorageKind } from './cell/storage.ts'
import type { Address } from './lib/listen.ts'
import { type Logger, silentLogger } from './lib/logger.ts'
import { Node } from './node/node.ts'
import { completeOptions } from './settings/load-config.ts'
import { type BrokerOptions, type SettingKey, settingKeys } from './settings/settings.ts'

/** Options of the broker; what is left out has its default. */
export type StartOptions = Partial<BrokerOptions> & {
  readonly logger?: Logger
  /** Added to every sync of the disk, in milliseconds, as a slower disk would: for benchmarks. */
  readonly syncDelayMs?: number
  /** Where messages are kept; files in the data folder by default. */
  readonly storage?: StorageKind
  /** Where options are from, for those who look at them; left out, all were given by the program. */
  readonly origins?: ReadonlyMap<SettingKey, string>
}

/** A broker that takes work until it is closed. */
export interface RunningBroker extends AsyncDisposable {
  /** Service name → address, for every listener that is open. */
  readonly addresses: Readonly<Record<string, Address>>
  /** Rejects when storage failed for good: nothing more can be confirmed, the process has to end. */
  readonly failed: Promise<never>
  /** Stops taking work, finishes what is on its way to the disk and frees everything. */
  close(): Promise<void>
}

/** Starts a broker and resolves once all its listeners are open. */
export async function startBroker(startOptions: StartOptions = {}): Promise<RunningBroker> {
  const {
    logger = silentLogger,
    storage = 'file',
    syncDelayMs = 0,
    origins,
    ...partial
  } = startOptions
  return Node.open(completeOptions(partial), {
    logger,
    storage,
    syncDelayMs,
    origins: origins ?? givenBy(partial),
  })
}

function givenBy(options: Partial<BrokerOptions>): Map<SettingKey, string> {
  const given = settingKeys.filter((key) => options[key] !== undefined)
  return new Map(given.map((key) => [key, 'program']))
}
