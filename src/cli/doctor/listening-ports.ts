// Which processes of this machine listen on which ports, as Linux tells (proc(5)).
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import os from 'node:os'
import { basename } from 'node:path'
import { unmapped } from '../../lib/loopback.ts'

const listenState = '0A'

/** Who listens on a port. */
export interface PortOwner {
  /** Such as `nginx (812)`, as far as one may see it. */
  readonly name: string
  /** `0.0.0.0` and `::` for all of the machine. */
  readonly host: string
}

interface Found {
  readonly port: number
  readonly host: string
}

/** Port → who listens there. Empty where Linux is not. */
export function findListeners(ports: readonly number[]): ReadonlyMap<number, readonly PortOwner[]> {
  const sockets = new Map<string, Found>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of linesOf(table).slice(1)) {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
      const [address = '', hex = ''] = local.split(':')
      const port = Number.parseInt(hex, 16)
      if (state === listenState && ports.includes(port)) {
        sockets.set(inode, { port, host: readHost(address) })
      }
    }
  }
  const names = sockets.size === 0 ? new Map<string, string>() : nameOwners(sockets)
  const owners = [...sockets].map(([inode, found]) => ({
    ...found,
    name: names.get(inode) ?? 'another program',
  }))
  return Map.groupBy(owners, ({ port }) => port)
}

/** Words of four bytes in the order of the machine, as hexadecimal digits. */
export function readHost(hex: string, endianness: 'LE' | 'BE' = os.endianness()): string {
  const words = Buffer.from(hex, 'hex')
  const bytes = endianness === 'LE' ? words.swap32() : words
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16))
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}

/**
 * Whether one who listens on `taken` keeps another from `wanted`. A name may be any address: which it is only the system
 * knows.
 */
export function isSameHost(taken: string, wanted: string): boolean {
  const other = unmapped(taken)
  return hostsOf(wanted.toLowerCase()).some(
    (host) => host === other || isName(host) || covers(host, other) || covers(other, host),
  )
}

/** As the broker takes them. */
function hostsOf(host: string): readonly string[] {
  return host === 'localhost' ? ['127.0.0.1', '::1'] : [unmapped(host)]
}

function isName(host: string): boolean {
  return !host.includes(':') && !/^[\d.]+$/.test(host)
}

/** `::` is IPv4's addresses as well. */
function covers(all: string, host: string): boolean {
  return all === '::' || (all === '0.0.0.0' && !host.includes(':'))
}

/** Socket → its process. */
function nameOwners(sockets: ReadonlyMap<string, Found>): Map<string, string> {
  const names = new Map<string, string>()
  for (const pid of entriesOf('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const handle of entriesOf(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${handle}`))?.[1]
      if (inode !== undefined && sockets.has(inode)) names.set(inode, `${programOf(pid)} (${pid})`)
    }
  }
  return names
}

/** Its file; a thread may have given itself another name (comm), as Node's does. Arguments may be secrets. */
function programOf(pid: string): string {
  const [command = ''] = linesOf(`/proc/${pid}/cmdline`).join('\n').split('\0')
  return basename(command) || linesOf(`/proc/${pid}/comm`)[0] || 'another program'
}

function linesOf(file: string): string[] {
  return attempt(() => readFileSync(file, 'utf8').trimEnd().split('\n')) ?? []
}

function entriesOf(folder: string): string[] {
  return attempt(() => readdirSync(folder)) ?? []
}

function linkOf(file: string): string {
  return attempt(() => readlinkSync(file)) ?? ''
}

/** Processes of others may not be looked at, and may end meanwhile. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}
