// `pabal transaction`: transactions of Kafka's producers, and the end of one that nobody ends.
import { exitCodes } from '../lib/exit-codes.ts'
import type { BrokerClient } from './broker-client.ts'
import { checkName } from './check-name.ts'
import { addRiskOptions, isMeant, type RiskFlags } from './confirm.ts'
import { addListCommand } from './list-command.ts'
import { type Kind, notThere } from './not-there.ts'
import { refusal } from './refusal.ts'
import type { AddCommand, AskBroker } from './remote-command.ts'
import { showDuration } from './show-duration.ts'
import { outputOption, readFormat, type Row, showOne, showRows } from './show-rows.ts'

interface Flags extends RiskFlags {
  readonly output?: string
}

/** A transactional id as the broker shows it; what is shown of it besides is not looked at here. */
interface Transaction {
  readonly name: string
  readonly state: string
  readonly open_ms: number | null
  readonly partition_list: readonly Row[]
  readonly group_list: readonly string[]
}

const kind: Kind = {
  title: 'transactional id',
  path: 'v1/transactions',
  list: 'transaction list',
}

const listed = {
  title: 'transactional ids',
  summary: 'Show all transactional ids, and what they have open',
  path: () => ['v1', 'transactions'],
  columns: ['name', 'state', 'open_ms', 'partitions', 'groups', 'acks', 'publishes'],
  wideColumns: ['producer_id', 'epoch', 'timeout_ms', 'started'],
  heads: { open_ms: 'open for' },
  cells: { open_ms: showAge, started: showTime, timeout_ms: showAge },
  hasVHosts: false,
}

export const addTransactionCommands: AddCommand = (group, remote) => {
  addListCommand(group, remote, listed)
  remote(group, 'describe <ID>', {
    summary: 'Show what a transaction writes to, and what waits for it',
    ask: ([id = ''], flags) => describe(id, flags),
  })
    .alias('show')
    .option(...outputOption)
  const aborting = remote(group, 'abort <ID>', {
    summary: 'Abort an open transaction, and fence its producer',
    ask: ([id = ''], flags) => abort(id, flags),
  })
  addRiskOptions(aborting)
}

function describe(id: string, { output }: Flags): AskBroker {
  const format = readFormat(output)
  checkName('transactional id', id)
  return async (broker, terminal) => {
    const transaction = await getTransaction(broker, id)
    if (format !== 'table' && format !== 'wide') {
      await showOne({ title: listed.title, columns: [], row: { ...transaction } }, format, terminal)
      return exitCodes.ok
    }
    const { title, ...shown } = listed
    await showRows({ ...shown, title, rows: [{ ...transaction }] }, format, terminal)
    const parts = {
      title: `partitions of transaction '${id}'`,
      columns: ['topic', 'partition', 'first_offset', 'last_stable_offset', 'held_back'],
      wideColumns: ['end'],
      rows: transaction.partition_list,
    }
    terminal.print('')
    await showRows(parts, format, terminal)
    if (transaction.group_list.length > 0) {
      terminal.print(`\nCommits offsets of: ${transaction.group_list.join(', ')}`)
    }
    return exitCodes.ok
  }
}

function abort(id: string, flags: Flags): AskBroker {
  const path = ['v1', 'transactions', checkName('transactional id', id), 'abort']
  return async (broker, terminal) => {
    const ask = async (isDry: boolean): Promise<Transaction> => {
      const answer = await broker.ask('POST', path, { dry_run: isDry })
      if (answer.status === 404) throw await notThere(broker, { kind, name: id })
      if (answer.status >= 400) throw refusal(answer, `nothing of '${id}' was aborted`)
      return answer.body as Transaction
    }
    const { partition_list: parts, open_ms: openMs } = await ask(true)
    const count = parts.length === 1 ? '1 partition' : `${parts.length} partitions`
    const deed = `abort the transaction of '${id}' in ${count}, open for ${showAge(openMs)}, and fence its producer`
    if (!(await isMeant(terminal, { deed, place: broker.place }, flags))) return exitCodes.ok
    await ask(false)
    terminal.print(`Aborted: the transaction of '${id}' in ${count}`)
    return exitCodes.ok
  }
}

async function getTransaction(broker: BrokerClient, id: string): Promise<Transaction> {
  const answer = await broker.ask('GET', ['v1', 'transactions', id])
  if (answer.status === 404) throw await notThere(broker, { kind, name: id })
  if (answer.status >= 400) throw refusal(answer, `transactional id '${id}' cannot be seen`)
  return answer.body as Transaction
}

function showAge(ms: unknown): string {
  return typeof ms === 'number' ? showDuration(ms) : ''
}

function showTime(ms: unknown): string {
  return typeof ms === 'number' ? new Date(ms).toISOString() : ''
}
