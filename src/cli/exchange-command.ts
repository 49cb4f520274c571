// `pabal exchange`: where messages are published to.
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { collect, readPairs } from './arguments-option.ts'
import { checkName } from './check-name.ts'
import { addRiskOptions, isMeant, type RiskFlags } from './confirm.ts'
import { addListCommand, vhostOption } from './list-command.ts'
import { kinds, notThere } from './not-there.ts'
import { refusal } from './refusal.ts'
import type { AddCommand, AskBroker } from './remote-command.ts'

interface Flags extends RiskFlags {
  readonly vhost?: string
  readonly type?: string
  readonly transient?: boolean
  readonly autoDelete?: boolean
  readonly internal?: boolean
  readonly argument?: readonly string[]
  readonly ifUnused?: boolean
}

const listed = {
  title: 'exchanges',
  summary: 'Show all exchanges, or those of one virtual host',
  path: (vhost?: string) => (vhost === undefined ? ['exchanges'] : ['exchanges', vhost]),
  columns: ['vhost', 'name', 'type', 'durable', 'policy'],
  wideColumns: ['auto_delete', 'internal', 'arguments'],
  cells: { name: (name: unknown) => (name === '' ? '(default)' : String(name)) },
}

export const addExchangeCommands: AddCommand = (exchange, remote) => {
  addListCommand(exchange, remote, listed)
  remote(exchange, 'create <NAME>', {
    summary: 'Declare an exchange; one that is there as asked stays',
    ask: ([name = ''], flags) => create(name, flags),
  })
    .option('--type <TYPE>', 'direct, fanout, topic, headers or another (default: direct)')
    .option('--argument <NAME=VALUE>', 'Such as alternate-exchange=other; may be repeated', collect)
    .option('--transient', 'It goes with a restart of the broker')
    .option('--auto-delete', 'It goes with its last binding')
    .option('--internal', 'Only other exchanges publish to it')
    .option(...vhostOption)
  const removing = remote(exchange, 'delete <NAME>', {
    summary: 'Delete an exchange with its bindings',
    ask: ([name = ''], flags) => remove(name, flags),
  })
    .alias('rm')
    .option('--if-unused', 'Only when nothing is bound to it')
    .option(...vhostOption)
  addRiskOptions(removing)
}

function create(name: string, flags: Flags): AskBroker {
  const vhost = checkName('virtual host', flags.vhost ?? '/')
  const path = ['exchanges', vhost, checkName('exchange', name)]
  const body = {
    type: flags.type ?? 'direct',
    durable: flags.transient !== true,
    auto_delete: flags.autoDelete ?? false,
    internal: flags.internal ?? false,
    arguments: readPairs('--argument', flags.argument),
  }
  return async (broker, { print }) => {
    const answer = await broker.ask('PUT', path, body)
    if (answer.status === 404) throw await notThere(broker, { kind: kinds.vhost, name: vhost })
    if (answer.status >= 400) throw refusal(answer, `exchange '${name}' was not created`)
    const is = answer.status === 201 ? 'was created' : 'was there already, as asked'
    print(`Exchange '${name}' ${is}`)
    return exitCodes.ok
  }
}

function remove(name: string, flags: Flags): AskBroker {
  const vhost = checkName('virtual host', flags.vhost ?? '/')
  const path = ['exchanges', vhost, checkName('exchange', name)]
  const query = flags.ifUnused === true ? '?if-unused=true' : ''
  const what = { kind: kinds.exchange, name, vhost }
  return async (broker, terminal) => {
    const bindings = await broker.ask('GET', [...path, 'bindings', 'source'])
    if (bindings.status === 404) throw await notThere(broker, what)
    if (bindings.status >= 400) throw refusal(bindings, `exchange '${name}' cannot be seen`)
    const count = (bindings.body as readonly unknown[]).length
    const bound = count === 1 ? '1 binding' : `${count} bindings`
    if (flags.dryRun === true && flags.ifUnused === true && count > 0) {
      throw new ExitError(exitCodes.usage, `exchange '${name}' would stay: it has ${bound}`)
    }
    const deed = `delete exchange '${name}' in virtual host '${vhost}' with ${bound}`
    if (!(await isMeant(terminal, { deed, place: broker.place }, flags))) return exitCodes.ok
    const { status, text } = await broker.transfer('DELETE', path, { query })
    if (status === 404) throw await notThere(broker, what)
    if (status >= 400) throw refusal({ status, body: JSON.parse(text) }, `exchange '${name}' stays`)
    terminal.print(`Deleted: exchange '${name}'`)
    return exitCodes.ok
  }
}
