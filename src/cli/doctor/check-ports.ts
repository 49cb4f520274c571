// What there is to say about ports: of a broker that does not run, whether it would get those that it wants; of one that
// runs, where it listens, and on which of them it does not.
import { type Address, formatAddress } from '../../lib/listen.ts'
import {
  type BrokerOptions,
  portKeys,
  type SettingKey,
  settingName,
  settings,
} from '../../settings/settings.ts'
import { fail, type Finding, ok, warn } from './finding.ts'
import { isSameHost, type PortOwner } from './listening-ports.ts'

/** A port that a broker is to listen on. */
export interface WantedPort {
  /** As its setting is called, such as `mqtt-port`. */
  readonly setting: string
  readonly port: number
  readonly host: string
  /** The broker starts without it. */
  readonly mayBeTaken: boolean
}

/** Port → who listens there. */
export type PortOwners = ReadonlyMap<number, readonly PortOwner[]>

/** What `/api/v1/config` answers of each setting. */
export interface ConfigFacts {
  readonly setting: string
  readonly value: unknown
}

/** By the settings of a start. */
export function wantedPorts(options: BrokerOptions): WantedPort[] {
  return wantedOf((key) => options[key])
}

/** By what a broker says that its settings are. */
export function portsInConfig(config: readonly ConfigFacts[]): WantedPort[] {
  const values = new Map(config.map(({ setting, value }) => [setting, value ?? undefined]))
  return wantedOf((key) => values.get(settingName(key)))
}

/** Those for TLS only with a certificate, that for other nodes only in a cluster; none for 0, which is any. */
function wantedOf(valueOf: (key: SettingKey) => unknown): WantedPort[] {
  return portKeys.flatMap((key) => {
    const port = valueOf(key)
    const { needs, mayBeTaken = false, default: usual } = settings[key]
    const isWanted =
      typeof port === 'number' &&
      port > 0 &&
      (needs === undefined || valueOf(needs) !== undefined) &&
      (key !== 'nodePort' || valueOf('cluster') !== undefined)
    if (!isWanted) return []
    const host = String(valueOf('host'))
    return [{ setting: settingName(key), port, host, mayBeTaken: mayBeTaken && port === usual }]
  })
}

/** Before a start. */
export function checkPorts(wanted: readonly WantedPort[], owners: PortOwners): Finding[] {
  const byPort = Map.groupBy(wanted, ({ port }) => port)
  return [...byPort.values()].map(([first, ...others]) =>
    others.length === 0
      ? checkFree(first!, owners.get(first!.port) ?? [])
      : checkShared([first!, ...others]),
  )
}

function checkFree(
  { setting, port, host, mayBeTaken }: WantedPort,
  owners: readonly PortOwner[],
): Finding {
  const check = `port ${port}`
  const owner = owners.find((each) => isSameHost(each.host, host))
  if (owner === undefined) {
    const [other] = owners
    const besides = other === undefined ? '' : `; ${other.name} has it on ${other.host}`
    return ok(check, `free for ${setting}${besides}`)
  }
  const found = `taken by ${owner.name}`
  if (!mayBeTaken) return fail(check, found, `end that, or choose another ${setting}`)
  const advice = `the broker starts without ${setting}: end that, choose another, or set it to off`
  return warn(check, found, advice)
}

/** The broker would take it for one of them. */
function checkShared(all: readonly WantedPort[]): Finding {
  const names = all.map(({ setting }) => setting)
  const found = `is ${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
  return fail(`port ${all[0]!.port}`, found, 'choose another for all but one of them')
}

export interface OpenPorts {
  /** Service → where the broker listens, as `/api/status` tells. */
  readonly addresses: Readonly<Record<string, Address>>
  readonly wanted: readonly WantedPort[]
  /** Of this machine, where the broker is on it. */
  readonly owners: PortOwners
}

/** Of a broker that is ready. */
export function checkOpenPorts({ addresses, wanted, owners }: OpenPorts): Finding[] {
  const open = Object.entries(addresses).map(([service, address]) =>
    ok(`port ${address.port}`, `${service} on ${formatAddress(address)}`),
  )
  const closed = wanted.filter(({ setting }) => addresses[serviceOf(setting)] === undefined)
  return [...open, ...closed.map((port) => checkClosed(port, owners.get(port.port) ?? []))]
}

function checkClosed({ setting, port, host }: WantedPort, owners: readonly PortOwner[]): Finding {
  const check = `port ${port}`
  const service = serviceOf(setting)
  const owner = owners.find((each) => isSameHost(each.host, host))
  const advice = `restart the broker once it is free, choose another ${setting}, or set it to off`
  return owner === undefined
    ? warn(check, `closed for ${service}: it was taken at the start`, advice)
    : warn(check, `closed for ${service}: taken by ${owner.name}`, advice)
}

function serviceOf(setting: string): string {
  return setting.replace(/-port$/, '')
}
