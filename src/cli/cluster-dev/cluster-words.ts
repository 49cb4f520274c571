// What `pabal cluster dev` says.
import { version } from '../../lib/version.ts'
import { ownershipLimits } from '../../limits/postgres.ts'
import { tableLines } from '../print-table.ts'
import type { DevNode, NodePorts } from './dev-node.ts'

export interface ClusterPicture {
  readonly nodes: readonly DevNode[]
  /** Where clients connect. */
  readonly fronts: NodePorts
  readonly postgres: {
    readonly pid: number | undefined
    readonly port: number
    readonly folder: string
  }
  readonly objects: string
  /** Of everything. */
  readonly folder: string
  readonly logs: string
  /** What starts this program: `pabal`, or what stands for it. */
  readonly word: string
}

/** All of it in one screen. */
export function describeCluster(picture: ClusterPicture): string[] {
  const { nodes, fronts, postgres, objects, folder, logs, word } = picture
  const serving = nodes.find(({ state }) => state === 'serves')
  const rows = nodes.map(({ name, state, pid, ports }) => [
    name,
    state,
    `${pid ?? ''}`,
    ...[ports?.amqp, ports?.kafka, ports?.http].map((port) => `${port ?? ''}`),
  ])
  return [
    `Pabal ${version}, a cluster of ${nodes.length === 1 ? 'one node' : `${nodes.length} nodes`} on this machine`,
    '',
    'Clients keep one address, whichever node serves:',
    `  amqp    amqp://localhost:${fronts.amqp}`,
    `  kafka   localhost:${fronts.kafka}`,
    `  http    http://localhost:${fronts.http} (guest, guest)`,
    '',
    ...tableLines(['node', 'state', 'process', 'amqp', 'kafka', 'http'], rows),
    '',
    `PostgreSQL has each commit: process ${postgres.pid ?? 0}, port ${postgres.port}`,
    `A double of S3 has the files: ${objects}`,
    `Data, kept for the next run unless it begins with --fresh: ${folder}`,
    ...(postgres.folder.startsWith(folder) ? [] : [`Those of PostgreSQL: ${postgres.folder}`]),
    `Logs: ${logs}`,
    '',
    'Try:',
    ...tries({ word, http: fronts.http, node: serving?.pid, postgres: postgres.pid }),
    '',
    'Ctrl-C stops everything.',
    '',
  ]
}

interface Named {
  readonly word: string
  readonly http: number
  readonly node: number | undefined
  readonly postgres: number | undefined
}

function tries({ word, http, node, postgres }: Named): string[] {
  const rows: readonly (readonly [command: string, what: string])[] = [
    [`export PABAL_URL=http://localhost:${http}`, 'where the commands below ask'],
    [`${word} create orders`, 'a queue'],
    [`${word} publish orders --payload hello`, 'a message, which is confirmed'],
    [`kill -9 ${node ?? 0}`, 'the node that serves is lost'],
    [`${word} peek orders`, 'another one has the message'],
    [`kill -9 ${postgres ?? 0}`, 'publishers wait until PostgreSQL is back'],
  ]
  const width = Math.max(...rows.map(([command]) => command.length))
  return rows.map(([command, what]) => `  ${command.padEnd(width)}  ${what}`)
}

export function endOfNode({ name, pid, state }: DevNode, how: string, isAlone: boolean): string {
  const what = `${name} (process ${pid ?? 0}) ${how}`
  if (state === 'replaced') return `${what}; another node has its cell`
  if (state !== 'serves') return `${what}; it did not serve`
  const seconds = ownershipLimits.timeToLiveMs / 1000
  return isAlone
    ? `${what}; it served, and there is no other`
    : `${what}; it served. After a crash another one takes over when ${seconds} s have passed`
}

/** How long it took, and what of that was waiting. */
export function takeover(
  { name, pid, ownedAt }: DevNode,
  { lostAt, now }: { readonly lostAt: number | undefined; readonly now: number },
): string {
  if (lostAt === undefined) return `${name} (process ${pid ?? 0}) serves`
  const parts =
    ownedAt === undefined || ownedAt < lostAt
      ? ''
      : `: ${seconds(ownedAt - lostAt)} until the cell was its own, ${seconds(now - ownedAt)} to open it`
  return `${name} (process ${pid ?? 0}) serves after ${seconds(now - lostAt)}${parts}`
}

export const replacedNode = 'does not answer PostgreSQL, and another node serves in its place'

export const cellWasDown =
  'The cell was down: its owners crashed too often within five minutes. Here it is opened again'

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
