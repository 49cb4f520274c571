// Which processes of this machine listen on which ports, as Linux tells (proc(5)).
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'

const listenState = '0A'

/** Port → who listens there, such as `nginx (812)`, as far as one may see it. Empty where Linux is not. */
export function findListeners(ports: readonly number[]): ReadonlyMap<number, string> {
  const inodes = new Map<string, number>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of linesOf(table).slice(1)) {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
      const port = Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16)
      if (state === listenState && ports.includes(port)) inodes.set(inode, port)
    }
  }
  const found = new Map([...inodes.values()].map((port) => [port, 'another program']))
  if (inodes.size > 0) nameOwners(inodes, found)
  return found
}

function nameOwners(inodes: ReadonlyMap<string, number>, found: Map<number, string>): void {
  for (const pid of entriesOf('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const handle of entriesOf(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${handle}`))?.[1]
      const port = inode === undefined ? undefined : inodes.get(inode)
      if (port !== undefined) found.set(port, `${programOf(pid)} (${pid})`)
    }
  }
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
