// `pabal definitions`: all that was declared, as a file of RabbitMQ's JSON, out of the running broker and
// into it.
import { chmod, writeFile } from 'node:fs/promises'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { printable } from '../lib/printable.ts'
import { readDefinitionsFile } from '../settings/settings-file.ts'
import type { BrokerClient, TextAnswer } from './broker-client.ts'
import { checkName } from './check-name.ts'
import { kinds, notThere } from './not-there.ts'
import { tableLines } from './print-table.ts'
import { refusal } from './refusal.ts'
import type { AddCommand, AskBroker } from './remote-command.ts'
import { outputOption, printValue, readFormat } from './show-rows.ts'

interface Flags {
  readonly vhost?: string
  readonly check?: boolean
  readonly output?: string
}

type Outcome = 'add' | 'change' | 'same' | 'differs' | 'ignored'

interface Difference {
  readonly field: string
  readonly from?: unknown
  readonly to?: unknown
}

/** As the broker answers an import. */
interface Report {
  readonly check: boolean
  readonly counts: Readonly<Record<string, Readonly<Record<Outcome, number>>>>
  readonly rows: readonly {
    readonly kind: string
    readonly vhost?: string
    readonly name: string
    readonly outcome: Outcome
    readonly note?: string
    readonly differences?: readonly Difference[]
  }[]
  readonly left_out: number
}

const doneWords: Partial<Readonly<Record<Outcome, string>>> = { add: 'added', change: 'changed' }

export const addDefinitionsCommands: AddCommand = (definitions, remote) => {
  remote(definitions, 'export [FILE]', {
    summary:
      'Write users, permissions, policies, queues and all else; without a file to the screen',
    ask: ([file], flags) => exportFile(file, flags as Flags),
  }).option('--vhost <NAME>', 'Only what is in this virtual host')
  remote(definitions, 'import <FILE>', {
    summary: 'Add what a file has; what is there otherwise stays as it is',
    ask: ([file = ''], flags) => importFile(file, flags as Flags),
  })
    .option('--check', 'Only say what would be done')
    .option('--vhost <NAME>', 'Everything for this virtual host, which has to be there')
    .option(...outputOption)
}

function exportFile(file: string | undefined, flags: Flags): AskBroker {
  const path = pathOf(flags)
  return async (broker, { print }) => {
    const answer = await broker.transfer('GET', path, {})
    if (answer.status >= 400) throw await refusalOf(broker, answer, flags, 'nothing was exported')
    if (file === undefined) for (const line of answer.text.trim().split('\n')) print(line)
    else {
      await write(file, answer.text)
      const secrets = flags.vhost === undefined ? '; it has the hashes of passwords in it' : ''
      print(`Definitions were written to ${file}${secrets}`)
    }
    return exitCodes.ok
  }
}

function importFile(file: string, flags: Flags): AskBroker {
  const path = pathOf(flags)
  const format = readFormat(flags.output)
  const query = flags.check === true ? '?check=true' : ''
  return async (broker, terminal) => {
    const content = await readDefinitionsFile(file)
    const answer = await broker.transfer('POST', path, { query, content })
    if (answer.status >= 400)
      throw await refusalOf(broker, answer, flags, `${file}: nothing was imported`)
    const report = JSON.parse(answer.text) as Report
    if (format === 'json' || format === 'yaml') await printValue(report, format, terminal)
    else if (format === 'ndjson') for (const row of report.rows) terminal.print(JSON.stringify(row))
    else if (format === 'name') for (const { name } of report.rows) terminal.print(name)
    else for (const line of linesOf(report)) terminal.print(line)
    return exitCodes.ok
  }
}

function pathOf({ vhost }: Flags): string[] {
  return vhost === undefined ? ['definitions'] : ['definitions', checkName('virtual host', vhost)]
}

async function refusalOf(
  broker: BrokerClient,
  { status, text }: TextAnswer,
  { vhost = '' }: Flags,
  what: string,
): Promise<ExitError> {
  const body = JSON.parse(text) as { readonly reason?: string }
  return body.reason === 'vhost_not_found'
    ? notThere(broker, { kind: kinds.vhost, name: vhost })
    : refusal({ status, body }, what)
}

/** For the owner only, as there are hashes of passwords in it. */
async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { mode: 0o600 })
    // One that was there keeps what others may do with it.
    await chmod(file, 0o600)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ExitError(exitCodes.cannotCreate, `cannot write ${file}: ${reason}`)
  }
}

function linesOf({ check, counts, rows, left_out: leftOut }: Report): string[] {
  const kinds = Object.entries(counts)
  if (kinds.length === 0) return ['There is nothing in the file']
  const columns = check
    ? ['', 'to add', 'to change', 'same', 'differs', 'ignored']
    : ['', 'added', 'changed', 'same', 'differs', 'ignored']
  const cells = kinds.map(([kind, { add, change, same, differs, ignored }]) => [
    kind,
    ...[add, change, same, differs, ignored].map(String),
  ])
  const lines = tableLines(columns, cells)
  if (rows.length > 0) lines.push('', ...rowLines(rows, check))
  if (leftOut > 0) lines.push(`… and ${leftOut} more like these`)
  if (check) lines.push('', 'Nothing was changed. Without --check it is done.')
  return lines
}

function rowLines(rows: Report['rows'], isCheck: boolean): string[] {
  const columns = ['outcome', 'kind', 'vhost', 'name']
  const cells = rows.map(({ outcome, kind, vhost = '', name }) => {
    const done = isCheck ? undefined : doneWords[outcome]
    return [done ?? outcome, kind, vhost, name]
  })
  const [head = '', ...lines] = tableLines(columns, cells)
  return [head, ...lines.flatMap((line, index) => [line, ...noteLines(rows[index])])]
}

/** Below the row: beside it even the shortest is wider than a terminal. */
function noteLines(row: Report['rows'][number] | undefined): string[] {
  const { note, differences = [] } = row ?? {}
  const changes = differences.map(({ field, from, to }) => `${field}: ${told(from)} → ${told(to)}`)
  return [...changes, ...(note === undefined ? [] : [note])].map((line) => `  ${printable(line)}`)
}

function told(value: unknown): string {
  return value === undefined ? 'none' : JSON.stringify(value)
}
