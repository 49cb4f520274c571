// What `pabal cluster dev` says.
import { version } from '../../lib/version.ts'
import { ownershipLimits } from '../../limits/postgres.ts'
import { tableLines } from '../print-table.ts'
import type { CellWatch, Loss } from './cell-watch.ts'
import type { DevNode } from './dev-node.ts'

export interface ClusterPicture {
  readonly nodes: readonly DevNode[]
  readonly cells: CellWatch
  readonly postgres: {
    readonly pid: number | undefined
    readonly port: number
    readonly folder: string
  }
  /** What a commit waits for as well, if there is one. */
  readonly standby: { readonly pid: number | undefined; readonly port: number } | undefined
  readonly objects: string
  /** Of everything. */
  readonly folder: string
  readonly logs: string
  /** What starts this program: `pabal`, or what stands for it. */
  readonly word: string
}

/** All of it in one screen. */
export function describeCluster(picture: ClusterPicture): string[] {
  const { nodes, cells, postgres, standby, objects, folder, logs } = picture
  const rows = nodes.map(({ name, pid, ports }) => [
    name,
    `${pid ?? ''}`,
    `${cells.countOf(name)}`,
    `amqp://localhost:${ports.amqp}`,
    `localhost:${ports.kafka}`,
    `http://localhost:${ports.http}`,
    `${ports.mqtt}`,
    `${ports.stomp}`,
  ])
  return [
    `Pabal ${version}, a cluster of ${nodes.length === 1 ? 'one node' : `${nodes.length} nodes`} on this machine`,
    '',
    ...tableLines(
      ['node', 'process', 'cells', 'amqp', 'kafka', 'http (guest, guest)', 'mqtt', 'stomp'],
      rows,
    ),
    '',
    'Clients connect to any of them. A node that is started again has the same ports.',
    '',
    `PostgreSQL has each commit: process ${postgres.pid ?? 0}, port ${postgres.port}`,
    ...(standby === undefined
      ? []
      : [`Its standby has it as well: process ${standby.pid ?? 0}, port ${standby.port}`]),
    `A double of S3 has the files: ${objects}`,
    `Data, kept for the next run unless it begins with --fresh: ${folder}`,
    ...(postgres.folder.startsWith(folder) ? [] : [`Those of PostgreSQL: ${postgres.folder}`]),
    `Logs: ${logs}`,
    '',
    'Try:',
    ...tries(picture),
    '',
    'Ctrl-C stops everything.',
    '',
  ]
}

/** The cell of `/`. */
const firstCell = 0

function tries({ nodes, cells, postgres, standby, word }: ClusterPicture): string[] {
  const [first] = nodes
  const owner = nodes.find(({ name }) => name === cells.ownerOf(firstCell)) ?? first
  const other = nodes.find((node) => node !== owner) ?? first
  const urlOf = (node: DevNode | undefined): string => `--url http://localhost:${node?.ports.http}`
  const bootstrap = nodes.map(({ ports }) => `localhost:${ports.kafka}`).join(',')
  const rows: readonly (readonly [command: string, what: string])[] = [
    [`${word} create orders ${urlOf(owner)}`, 'a queue, asked for at one node'],
    [`${word} publish orders --payload hello ${urlOf(owner)}`, 'a message, which is confirmed'],
    [`kill -9 ${owner?.pid ?? 0}`, 'the node that has the queue is lost'],
    [`${word} peek orders ${urlOf(other)}`, 'the message, asked for at another one'],
    [`${word} cluster status ${urlOf(other)}`, 'the nodes, and who has which cells'],
    [`kcat -L -b ${bootstrap}`, 'the nodes as a Kafka client sees them'],
    [`kill -9 ${postgres.pid ?? 0}`, 'publishers wait until PostgreSQL is back'],
    ...(standby === undefined
      ? []
      : [[`kill -9 ${standby.pid ?? 0}`, 'they wait for its standby, too'] as const]),
  ]
  const width = Math.max(...rows.map(([command]) => command.length))
  return rows.map(([command, what]) => `  ${command.padEnd(width)}  ${what}`)
}

export interface NodeEnd {
  readonly how: string
  /** Of its cells. */
  readonly count: number
  /** No other node is there. */
  readonly isAlone: boolean
}

export function endOfNode({ name, pid, state }: DevNode, { how, count, isAlone }: NodeEnd): string {
  const what = `${name} (process ${pid ?? 0}) ${how}`
  if (count === 0) {
    return `${what}; ${state === 'stops' ? 'it gave its cells away before' : 'it had no cell'}`
  }
  const had = `${what}; it had ${cellsOf(count)}`
  if (isAlone) return `${had}, and there is no other node`
  if (state === 'stops') return `${had}, which others take now`
  const seconds = ownershipLimits.timeToLiveMs / 1000
  return `${had}. After a crash other nodes take them when ${seconds} s have passed`
}

export function servedAgain({ node, lostAt, count, takers }: Loss, now: number): string {
  const sorted = [...takers].toSorted(([left], [right]) => (left < right ? -1 : 1))
  const by = sorted.map(([name, taken]) => `${name} has ${taken}`)
  const which = count === 1 ? `The cell of ${node} is` : `The ${count} cells of ${node} are`
  const where = takers.has(node) ? 'again' : 'elsewhere'
  return `${which} served ${where} after ${((now - lostAt) / 1000).toFixed(1)} s: ${by.join(', ')}`
}

export function emptied({ name, pid }: DevNode, count: number): string {
  const which = count === 1 ? 'its cell is' : `its ${count} cells are`
  return `${name} (process ${pid ?? 0}) stands still, or was drained: ${which} served elsewhere`
}

/** After cells have moved, and each node has its share. */
export function spread(nodes: readonly DevNode[], cells: CellWatch): string {
  const counts = nodes.map(({ name }) => `${name} ${cells.countOf(name)}`)
  return `Each node has its share of the cells: ${counts.join(', ')}`
}

export const cellWasDown =
  'Cells were down: their owners crashed too often within five minutes. Here they are opened again'

function cellsOf(count: number): string {
  return count === 1 ? 'one cell' : `${count} cells`
}
