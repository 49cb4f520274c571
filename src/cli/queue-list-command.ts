// `pabal queue list`: the queues of the running broker, and how many messages wait in each.
import type { Command } from 'commander'
import { compareNames } from '../lib/compare-names.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { checkName } from './check-name.ts'
import { kinds, notThere } from './not-there.ts'
import type { AskBroker, DefineRemote } from './remote-command.ts'
import { outputOption, readFormat, showRows } from './show-rows.ts'

interface Flags {
  readonly vhost?: string
  readonly output?: string
}

interface Row {
  readonly vhost: string
  readonly name: string
}

const columns = [
  'vhost',
  'name',
  'type',
  'messages_ready',
  'messages_unacknowledged',
  'consumers',
  'policy',
]

/** RabbitMQ's names are wider than what is below them. */
const heads = { messages_ready: 'ready', messages_unacknowledged: 'unacked' }

export function addQueueListCommand(queue: Command, define: DefineRemote): void {
  define(queue, 'list', {
    summary: 'Show all queues, or those of one virtual host',
    ask: (_operands, flags) => list(flags as Flags),
  })
    .alias('ls')
    .option('--vhost <NAME>', 'The only virtual host to look at')
    .option(...outputOption)
}

function list({ vhost, output }: Flags): AskBroker {
  const format = readFormat(output)
  const path = vhost === undefined ? [] : [checkName('virtual host', vhost)]
  return async (broker, terminal) => {
    const answer = await broker.ask('GET', ['queues', ...path])
    if (answer.status >= 400) throw await notThere(broker, { kind: kinds.vhost, name: vhost ?? '' })
    const rows = (answer.body as readonly Row[]).toSorted(
      (a, b) => compareNames(a.vhost, b.vhost) || compareNames(a.name, b.name),
    )
    const shown = rows.map((row) => ({ ...row }))
    await showRows({ title: 'queues', columns, heads, rows: shown }, format, terminal)
    return exitCodes.ok
  }
}
