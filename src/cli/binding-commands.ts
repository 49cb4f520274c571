// `pabal bind`, `unbind` and `bindings`: which messages of an exchange come into which queues.
import { isDeepStrictEqual } from 'node:util'
import type { Command } from 'commander'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { collect, readPairs } from './arguments-option.ts'
import type { BrokerClient } from './broker-client.ts'
import { checkName } from './check-name.ts'
import { addRiskOptions, isMeant, type RiskFlags } from './confirm.ts'
import { addListCommand, vhostOption } from './list-command.ts'
import { kinds, notThere } from './not-there.ts'
import { refusal } from './refusal.ts'
import type { AddCommand, AskBroker } from './remote-command.ts'

interface Flags extends RiskFlags {
  readonly vhost?: string
  readonly key?: string
  readonly toExchange?: boolean
  readonly argument?: readonly string[]
}

/** A binding as RabbitMQ's API shows it. */
interface Binding {
  readonly routing_key: string
  readonly arguments: Readonly<Record<string, unknown>>
  readonly properties_key: string
}

const listed = {
  title: 'bindings',
  summary: 'Show all bindings, or those of one virtual host',
  path: (vhost?: string) => (vhost === undefined ? ['bindings'] : ['bindings', vhost]),
  columns: ['vhost', 'source', 'destination', 'destination_type', 'routing_key', 'arguments'],
  wideColumns: ['properties_key'],
  heads: { destination_type: 'is a', routing_key: 'routing key' },
  cells: { source: (source: unknown) => (source === '' ? '(default)' : String(source)) },
  nameKey: 'destination',
}

export const addBindingsCommand: AddCommand = (command, remote) => {
  addListCommand(command, remote, listed, '')
}

export const addBindCommand: AddCommand = (command, remote) => {
  const usage = '<EXCHANGE> <QUEUE>'
  addEnds(remote(command, usage, { ask: (ends, flags) => bind(readEnds(ends, flags), flags) }))
}

export const addUnbindCommand: AddCommand = (command, remote) => {
  const usage = '<EXCHANGE> <QUEUE>'
  const ask = (ends: string[], flags: Flags): AskBroker => unbind(readEnds(ends, flags), flags)
  addRiskOptions(addEnds(remote(command, usage, { ask })))
}

function addEnds(command: Command): Command {
  return command
    .option('--key <ROUTING-KEY>', 'Routing key, or a pattern of them (default: empty)')
    .option('--argument <NAME=VALUE>', 'Such as x-match=any; may be repeated', collect)
    .option('--to-exchange', 'The second name is that of an exchange')
    .option(...vhostOption)
}

interface Ends {
  readonly vhost: string
  readonly source: string
  readonly destination: string
  readonly path: readonly string[]
  readonly title: string
}

function readEnds([source = '', destination = '']: string[], flags: Flags): Ends {
  const vhost = checkName('virtual host', flags.vhost ?? '/')
  const [type, kind] = flags.toExchange === true ? ['e', 'exchange'] : ['q', 'queue']
  checkName('exchange', source)
  checkName(kind, destination)
  const title = `${kind} '${destination}' of exchange '${source}'`
  const path = ['bindings', vhost, 'e', source, type, destination]
  return { vhost, source, destination, path, title }
}

/** Says which of the ends is missing. */
async function endNotThere(broker: BrokerClient, ends: Ends, flags: Flags): Promise<ExitError> {
  const { vhost, source, destination } = ends
  const exchange = await broker.ask('GET', ['exchanges', vhost, source])
  if (exchange.status === 404)
    return notThere(broker, { kind: kinds.exchange, name: source, vhost })
  const kind = flags.toExchange === true ? kinds.exchange : kinds.queue
  return notThere(broker, { kind, name: destination, vhost })
}

function bind(ends: Ends, flags: Flags): AskBroker {
  const { path, source, destination } = ends
  const { key = '', argument } = flags
  const body = { routing_key: key, arguments: readPairs('--argument', argument) }
  return async (broker, { print }) => {
    const answer = await broker.ask('POST', path, body)
    if (answer.status === 404) throw await endNotThere(broker, ends, flags)
    if (answer.status >= 400) throw refusal(answer, `'${destination}' was not bound`)
    print(`'${destination}' gets what is published to '${source}' with '${key}'`)
    return exitCodes.ok
  }
}

function unbind(ends: Ends, flags: Flags): AskBroker {
  const { path, title } = ends
  const { key = '', argument } = flags
  const given = argument === undefined ? undefined : readPairs('--argument', argument)
  return async (broker, terminal) => {
    const answer = await broker.ask('GET', path)
    if (answer.status === 404) throw await endNotThere(broker, ends, flags)
    if (answer.status >= 400) throw refusal(answer, `bindings of ${title} cannot be seen`)
    const bindings = answer.body as readonly Binding[]
    const found = bindings.filter(
      (binding) =>
        binding.routing_key === key &&
        (given === undefined || isDeepStrictEqual({ ...binding.arguments }, { ...given })),
    )
    const [binding] = found
    const see = broker.commandLine('bindings')
    if (binding === undefined) {
      throw new ExitError(
        exitCodes.noInput,
        `no binding of ${title} has the key '${key}'; see ${see}`,
      )
    }
    if (found.length > 1) {
      const problem = `${found.length} bindings of ${title} have the key '${key}'`
      throw new ExitError(exitCodes.usage, `${problem}: say with --argument which; see ${see}`)
    }
    const deed = `delete the binding '${key}' of ${title}`
    if (!(await isMeant(terminal, { deed, place: broker.place }, flags))) return exitCodes.ok
    const gone = await broker.ask('DELETE', [...path, binding.properties_key])
    if (gone.status >= 400) throw refusal(gone, `the binding '${key}' of ${title} stays`)
    terminal.print(`Deleted: binding '${key}' of ${title}`)
    return exitCodes.ok
  }
}
