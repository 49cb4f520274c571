// `pabal status`: how the broker is, and what is wrong with it. Ends with 69 when it takes no work, so that health checks can use it.
import { exitCodes } from '../lib/exit-codes.ts'
import { formatAddress } from '../lib/listen.ts'
import type { Address } from '../lib/listen.ts'
import type { BrokerClient } from './broker-client.ts'
import { refusal } from './refusal.ts'
import type { AddCommand } from './remote-command.ts'
import { showDuration } from './show-duration.ts'
import { outputOption, readFormat, type Row, showOne } from './show-rows.ts'
import type { Terminal } from './terminal.ts'

/** What `/api/status` answers, as far as it is looked at here. */
interface Status {
  readonly state: string
  readonly version: string
  readonly uptimeMs: number
  readonly addresses: Readonly<Record<string, Address>>
  readonly dataFolder?: string
  readonly blockedReason?: string
  readonly memory: Readonly<Record<'residentBytes' | 'inUseBytes' | 'watermarkBytes', number>>
  readonly clients: Readonly<Record<string, number>>
  readonly counts: Readonly<Record<string, number>>
  readonly messages: Readonly<Record<string, number>>
}

export const addStatusCommand: AddCommand = (command, remote) => {
  remote(command, '', {
    ask: (_operands, flags) => {
      const format = readFormat(flags['output'] as string | undefined)
      const isTable = format === 'table' || format === 'wide'
      return async (broker, terminal) => {
        const answer = await broker.ask('GET', ['status'])
        if (answer.status >= 400) throw refusal(answer, 'the status cannot be seen')
        const status = answer.body as Status
        const { findings, counts } = await lookOf(broker)
        const cluster = await clusterOf(broker, counts)
        const row: Row = isTable
          ? { ...rowOf(status, cluster), ...cluster }
          : { ...status, findings, ...(cluster && { cluster }) }
        const shown = { title: 'brokers', columns: Object.keys(row), nameKey: 'state', row }
        await showOne(shown, format, terminal)
        if (isTable) printFindings(findings, terminal)
        return status.state === 'ready' ? exitCodes.ok : exitCodes.unavailable
      }
    },
  }).option(...outputOption)
}

interface Finding {
  readonly severity: string
  readonly text: string
  readonly command?: string
}

/** What `/api/v1/home` answers, as far as it is looked at here; counts are of the whole cluster. */
interface Look {
  readonly findings: readonly Finding[]
  readonly counts: Readonly<Record<string, number>>
}

/** Nothing of a broker that has not learnt to look at itself, and for who may not see it. */
async function lookOf(broker: BrokerClient): Promise<Look> {
  const { status, body } = await broker.ask('GET', ['v1', 'home'])
  if (status === 200) return body as Look
  const text = 'Nobody answers what is wrong in the cluster: pabal cluster status shows its nodes'
  return { findings: status >= 500 ? [{ severity: 'bad', text }] : [], counts: {} }
}

/** Of a node of a cluster: its name, its cells with their epochs, the nodes, and what all of them have. */
async function clusterOf(broker: BrokerClient, counts: Look['counts']): Promise<Row | undefined> {
  const { status, body } = await broker.ask('GET', ['v1', 'cluster'])
  if (status !== 200) return undefined
  const { is_cluster: isCluster, node, nodes, cells } = body as ClusterSeen
  if (!isCluster) return undefined
  const own = cells.filter(({ owner }) => owner === node)
  const told = own.map(({ cell, epoch }) => `${cell} (epoch ${epoch})`)
  return {
    'cluster node': node,
    cells: told.length === 0 ? 'none' : told.join(', '),
    nodes: nodes.map(({ name, state }) => `${name} ${state}`).join(', '),
    ...Object.fromEntries(
      countsOfAll
        .filter((count) => counts[count] !== undefined)
        .map((count) => [`${headsOfCounts[count] ?? count} in the cluster`, counts[count]]),
    ),
  }
}

const countsOfAll = ['queues', 'topics', 'consumers', 'ready', 'unacked'] as const

interface ClusterSeen {
  readonly is_cluster: boolean
  readonly node: string
  readonly nodes: readonly { readonly name: string; readonly state: string }[]
  readonly cells: readonly {
    readonly cell: number
    readonly owner: string
    readonly epoch: number
  }[]
}

function printFindings(findings: readonly Finding[], { print }: Terminal): void {
  if (findings.length > 0) print('')
  for (const { severity, text, command } of findings) {
    print(`${severity.padEnd(4)}  ${text.replaceAll('`', "'")}`)
    if (command !== undefined) print(`      ${command}`)
  }
}

/** What a node of a cluster counts is its own, and may be little of what there is. */
function rowOf(status: Status, cluster: Row | undefined): Row {
  const { memory, counts, messages, clients, addresses } = status
  const where = cluster === undefined ? '' : ' here'
  const open = Object.entries(addresses).map(([name, address]) => [name, formatAddress(address)])
  return {
    state: status.state,
    'publishers blocked': status.blockedReason ?? 'no',
    version: status.version,
    uptime: showDuration(status.uptimeMs),
    ...Object.fromEntries(open),
    'data folder': status.dataFolder ?? '',
    memory: `${showSize(memory.inUseBytes)}, publishers wait above ${showSize(memory.watermarkBytes)}`,
    'memory resident': showSize(memory.residentBytes),
    ...withHeads(clients, (client) => `${client} connections${where}`),
    ...withHeads(counts, (count) => `${headsOfCounts[count] ?? count}${where}`),
    ...withHeads(messages, (what) => `${what} since start${where}`),
  }
}

/** The others are words by themselves. */
const headsOfCounts: Readonly<Record<string, string>> = {
  messagesReady: 'messages ready',
  messagesUnacked: 'messages unacked',
  ready: 'messages ready',
  unacked: 'messages unacked',
}

function withHeads(counts: Readonly<Record<string, number>>, head: (key: string) => string): Row {
  return Object.fromEntries(Object.entries(counts).map(([key, count]) => [head(key), count]))
}

function showSize(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`
}
