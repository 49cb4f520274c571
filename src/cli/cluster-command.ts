// `pabal cluster`: nodes and cells of a cluster, asked of any node, and a whole one on this machine to try.
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { BrokerClient } from './broker-client.ts'
import { addCarryCommands } from './cluster-carry/carry-commands.ts'
import { addClusterDevCommand } from './cluster-dev/cluster-command.ts'
import { addRiskOptions, isMeant, type RiskFlags } from './confirm.ts'
import { refusal } from './refusal.ts'
import type { AddCommand, AskBroker, CommandFlags } from './remote-command.ts'
import { showDuration } from './show-duration.ts'
import {
  outputOption,
  printValue,
  readFormat,
  type Row,
  type Shown,
  showRows,
} from './show-rows.ts'
import { sizeText } from './size-text.ts'
import type { Terminal } from './terminal.ts'

/** What `/api/v1/cluster` answers, as far as it is looked at here. */
interface Cluster {
  readonly is_cluster: boolean
  readonly cluster_id: string | null
  readonly nodes: readonly (Row & { readonly name: string; readonly cells: readonly number[] })[]
  readonly cells: readonly (Row & { readonly cell: number; readonly state: string })[]
  readonly postgres: Readonly<Record<string, number | boolean | null>> | null
  readonly objects: Readonly<Record<string, number | boolean | null>> | null
  readonly missing?: readonly string[]
}

const milliseconds = (value: unknown): string => (typeof value === 'number' ? `${value} ms` : '')
const duration = (value: unknown): string => (typeof value === 'number' ? showDuration(value) : '')
const size = (value: unknown): string => (typeof value === 'number' ? sizeText(value) : '')

const nodesShown: Shown = {
  title: 'nodes',
  columns: ['name', 'state', 'version', 'cells', 'heartbeat_ms', 'takeovers'],
  wideColumns: ['number', 'addresses'],
  heads: { heartbeat_ms: 'heartbeat' },
  cells: { heartbeat_ms: milliseconds },
}

const cellsShown: Shown = {
  title: 'cells',
  columns: ['cell', 'state', 'owner', 'epoch', 'vhosts', 'rows_bytes'],
  wideColumns: ['rows_age_ms'],
  heads: { rows_bytes: 'in rows', rows_age_ms: 'since' },
  cells: { rows_bytes: size, rows_age_ms: duration },
  nameKey: 'cell',
}

export const addClusterCommands: AddCommand = (command, remote, local, whole) => {
  remote(command, 'status', {
    summary: 'Show nodes and cells, and how PostgreSQL and the store of objects are',
    ask: (_operands, { output }) => showStatus(output as string | undefined),
  }).option(...outputOption)
  addRiskOptions(
    remote(command, 'drain <NODE>', {
      summary: 'Give the cells of a node to the others; it goes on passing clients to them',
      ask: ([node = ''], flags) => drain(node, flags),
    }),
  )
  remote(command, 'undrain <NODE>', {
    summary: 'Let a node have cells again',
    ask: ([node = '']) => undrain(node),
  })
  addRiskOptions(
    remote(command, 'forget <NODE>', {
      summary: 'Take a node that is gone and does not come back off the list',
      ask: ([node = ''], flags) => forget(node, flags),
    }),
  )
  remote(command, 'reopen [CELL]', {
    summary: 'Let nodes have cells again that are down because their owners crashed too often',
    ask: ([cell], flags) => reopen(cell, flags),
  }).option('--cluster <URL>', "The cluster's PostgreSQL, where no node answers")
  addCarryCommands(command, local)
  addClusterDevCommand(command, remote, local, whole)
}

/** Throws an `ExitError` for a broker without a cluster. */
async function clusterOf(broker: BrokerClient): Promise<Cluster> {
  const answer = await broker.ask('GET', ['v1', 'cluster'])
  if (answer.status >= 400) throw refusal(answer, 'the cluster cannot be seen')
  const cluster = answer.body as Cluster
  if (cluster.is_cluster) return cluster
  throw new ExitError(
    exitCodes.usage,
    'this broker is alone, and no node of a cluster: pabal cluster dev starts one to try',
  )
}

function showStatus(output: string | undefined): AskBroker {
  const format = readFormat(output)
  return async (broker, terminal) => {
    const cluster = await clusterOf(broker)
    if (format === 'json' || format === 'yaml') await printValue(cluster, format, terminal)
    else if (format === 'ndjson' || format === 'name') {
      await showRows({ ...nodesShown, rows: cluster.nodes }, format, terminal)
    } else {
      await showRows({ ...nodesShown, rows: cluster.nodes }, format, terminal)
      terminal.print('')
      await showRows({ ...cellsShown, rows: cluster.cells }, format, terminal)
      printLag(cluster, terminal)
    }
    const isWhole = cluster.cells.every(({ state }) => state === 'served')
    return isWhole ? exitCodes.ok : exitCodes.unavailable
  }
}

function printLag({ postgres, objects, missing = [] }: Cluster, { print }: Terminal): void {
  print('')
  if (postgres !== null) {
    const { has_standby: standby, last_ms: last, p50_ms: p50, p99_ms: p99 } = postgres
    const whether = standby === true ? 'a synchronous standby' : 'no synchronous standby'
    const commits =
      p50 === null ? '' : `; commits take ${p50} ms (p50) and ${p99} ms (p99), the last ${last} ms`
    print(`PostgreSQL: ${whether}${commits}`)
  }
  if (objects !== null) {
    const { rows_bytes: bytes, rows_age_ms: age, failures, last_ms: last, failing } = objects
    const state = failing === true ? 'fails' : 'works'
    const slow = last === null ? '' : `, the last request took ${last} ms`
    print(
      `Objects: the store ${state}${slow}; ${failures} tries failed; ${size(bytes)} are in rows, the oldest for ${duration(age)}`,
    )
  }
  if (missing.length > 0) print(`Not answering: ${missing.join(', ')}`)
}

function drain(name: string, flags: RiskFlags): AskBroker {
  return async (broker, terminal) => {
    const { nodes } = await clusterOf(broker)
    const node = nodes.find((each) => each.name === name)
    if (node === undefined) throw noNode(name)
    const count = node.cells.length
    const deed = `move ${count} ${count === 1 ? 'cell' : 'cells'} of node '${name}' to other nodes`
    if (!(await isMeant(terminal, { deed, place: broker.place }, flags))) return exitCodes.ok
    const answer = await broker.ask('POST', ['v1', 'cluster', 'nodes', name, 'drain'])
    if (answer.status >= 300) throw refusal(answer, 'nothing was changed')
    terminal.print(`Node '${name}' gives its cells away, and passes clients on to the others`)
    return exitCodes.ok
  }
}

function noNode(name: string): ExitError {
  return new ExitError(exitCodes.noInput, `there is no node '${name}'; see pabal cluster status`)
}

function undrain(name: string): AskBroker {
  return async (broker, { print }) => {
    const answer = await broker.ask('POST', ['v1', 'cluster', 'nodes', name, 'undrain'])
    if (answer.status === 404) throw noNode(name)
    if (answer.status >= 300) throw refusal(answer, 'nothing was changed')
    print(`Node '${name}' may have cells again`)
    return exitCodes.ok
  }
}

function forget(name: string, flags: RiskFlags): AskBroker {
  return async (broker, terminal) => {
    const { nodes } = await clusterOf(broker)
    if (!nodes.some((each) => each.name === name)) throw noNode(name)
    const deed = `forget node '${name}'`
    if (!(await isMeant(terminal, { deed, place: broker.place }, flags))) return exitCodes.ok
    const answer = await broker.ask('DELETE', ['v1', 'cluster', 'nodes', name])
    if (answer.status >= 300) throw refusal(answer, 'nothing was changed')
    terminal.print(`Node '${name}' is forgotten. Where it starts again, it is a new node`)
    return exitCodes.ok
  }
}

function reopen(cell: string | undefined, { cluster }: CommandFlags): AskBroker {
  return async (broker, terminal, { environment }) => {
    const address = (cluster as string | undefined) ?? environment['PABAL_CLUSTER']
    const reopened =
      address === undefined ? await reopenByNode(broker, cell) : await reopenInTables(address, cell)
    const which = reopened.join(', ')
    terminal.tell(
      reopened.length > 0
        ? `Nodes may have these again, which were down: cell ${which}`
        : 'No cell is down',
    )
    return exitCodes.ok
  }
}

async function reopenByNode(broker: BrokerClient, cell: string | undefined): Promise<number[]> {
  const { cells } = await clusterOf(broker)
  if (!cells.some((each) => isMeantCell(each.cell, cell))) {
    throw new ExitError(exitCodes.noInput, `there is no cell '${cell}'; see pabal cluster status`)
  }
  const down = cells.filter((each) => each.state === 'down' && isMeantCell(each.cell, cell))
  for (const each of down) {
    const answer = await broker.ask('POST', ['v1', 'cluster', 'cells', `${each.cell}`, 'reopen'])
    if (answer.status >= 300) throw refusal(answer, `cell ${each.cell} is down still`)
  }
  return down.map((each) => each.cell)
}

async function reopenInTables(address: string, cell: string | undefined): Promise<number[]> {
  const { reopenCells } = await import('./cluster-dev/reopen-cell.ts')
  return reopenCells(address, (each) => isMeantCell(each, cell))
}

/** All of them where none is named. */
function isMeantCell(cell: number, named: string | undefined): boolean {
  return named === undefined || named === `${cell}`
}
