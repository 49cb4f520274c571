// Lists of what a broker has: all of one kind, or those in one virtual host.
import type { Command } from 'commander'
import { compareNames } from '../lib/compare-names.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { checkName } from './check-name.ts'
import { kinds, notThere } from './not-there.ts'
import { refusal } from './refusal.ts'
import type { AskBroker, DefineRemote } from './remote-command.ts'
import { cellIn, outputOption, readFormat, type Row, type Shown, showRows } from './show-rows.ts'

export interface Listed extends Shown {
  /** What stands in help. */
  readonly summary: string
  /** Behind `/api`; the virtual host comes after these. */
  readonly path: (vhost: string | undefined) => readonly string[]
  /** false: the same everywhere. */
  readonly hasVHosts?: boolean
}

export const vhostOption = ['--vhost <NAME>', 'Virtual host (default: /)'] as const
export const onlyVHostOption = ['--vhost <NAME>', 'The only virtual host to look at'] as const

/** Adds `list` (`ls`) below `parent`, or makes `parent` that with an empty `usage`. */
export function addListCommand(
  parent: Command,
  remote: DefineRemote,
  listed: Listed,
  usage = 'list',
): Command {
  const command = remote(parent, usage, {
    summary: listed.summary,
    ask: (_operands, flags) => list(listed, flags),
  })
  if (command !== parent) command.alias('ls')
  if (listed.hasVHosts !== false) command.option(...onlyVHostOption)
  return command.option(...outputOption)
}

function list(
  { path, ...shown }: Listed,
  { output, vhost }: { readonly output?: string; readonly vhost?: string },
): AskBroker {
  const format = readFormat(output)
  const asked = path(vhost === undefined ? undefined : checkName('virtual host', vhost))
  return async (broker, terminal) => {
    const answer = await broker.ask('GET', asked)
    if (answer.status === 404 && vhost !== undefined) {
      throw await notThere(broker, { kind: kinds.vhost, name: vhost })
    }
    if (answer.status >= 400) throw refusal(answer, `${shown.title} were not listed`)
    const rows = (answer.body as readonly Row[]).toSorted(inOrderOf(shown))
    await showRows({ ...shown, rows }, format, terminal)
    return exitCodes.ok
  }
}

/** That of the first columns. */
function inOrderOf(shown: Shown): (a: Row, b: Row) => number {
  const columns = shown.columns.slice(0, 3)
  const text = (row: Row, column: string): string => cellIn(shown, row, column)
  return (a, b) =>
    columns.reduce((order, key) => order || compareNames(text(a, key), text(b, key)), 0)
}
