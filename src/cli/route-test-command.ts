// `pabal route-test`: where a message would go, and through which bindings.
import { exitCodes } from '../lib/exit-codes.ts'
import { collect, readPairs } from './arguments-option.ts'
import { checkName } from './check-name.ts'
import { vhostOption } from './list-command.ts'
import { kinds, notThere } from './not-there.ts'
import { refusal } from './refusal.ts'
import type { AddCommand, AskBroker } from './remote-command.ts'
import { outputOption, readFormat, type Row, showOne, showRows } from './show-rows.ts'

interface Flags {
  readonly vhost?: string
  readonly header?: readonly string[]
  readonly property?: readonly string[]
  readonly output?: string
}

interface Way {
  readonly destination_type: 'queue' | 'exchange'
  readonly destination: string
  readonly bindings: readonly { readonly routing_key: string; readonly arguments: Row }[]
  readonly subscribed?: boolean
  readonly left_off: boolean
}

interface Step {
  readonly exchange: string
  readonly outcome: 'matched' | 'unmatched' | 'repeat' | 'delayed'
  readonly certain: boolean
  readonly chosen_by: 'hash' | 'chance' | null
  readonly leads_to: readonly Way[]
  readonly direct_clients?: number
  readonly alternate: { readonly name: string; readonly is_there: boolean } | null
}

/** What the broker answers. */
interface Tested {
  readonly routed: boolean
  readonly replies_directly: boolean
  readonly destinations: readonly Row[]
  readonly steps: readonly Step[]
  readonly left_off: boolean
}

export const addRouteTestCommand: AddCommand = (command, remote) => {
  const usage = '<EXCHANGE> <ROUTING-KEY>'
  remote(command, usage, { ask: ([exchange = '', key = ''], flags) => test(exchange, key, flags) })
    .option('-H, --header <NAME=VALUE>', 'A header; may be repeated', collect)
    .option('--property <NAME=VALUE>', 'Such as message_id=7; may be repeated', collect)
    .option(...vhostOption)
    .option(...outputOption)
    .addHelpText('after', '\nThe exchange amq.default is the default one.')
}

function test(exchange: string, key: string, flags: Flags): AskBroker {
  const vhost = checkName('virtual host', flags.vhost ?? '/')
  const format = readFormat(flags.output)
  const headers = readPairs('--header', flags.header)
  const properties = { ...readPairs('--property', flags.property), headers }
  const body = { vhost, exchange: checkName('exchange', exchange), routing_key: key, properties }
  return async (broker, terminal) => {
    const answer = await broker.ask('POST', ['v1', 'route-test'], body)
    if (answer.status === 404) {
      throw await notThere(broker, { kind: kinds.exchange, name: exchange, vhost })
    }
    if (answer.status >= 400) throw refusal(answer, 'the message would not be taken')
    const tested = answer.body as Tested
    if (format === 'json' || format === 'yaml' || format === 'ndjson') {
      await showOne({ title: 'routes', columns: [], row: { ...tested } }, format, terminal)
      return exitCodes.ok
    }
    await showRows({ ...destinations, rows: tested.destinations }, format, terminal)
    if (format === 'name') return exitCodes.ok
    const lines = explain(tested)
    if (lines.length > 0) terminal.print('')
    for (const line of lines) terminal.print(line)
    return exitCodes.ok
  }
}

const destinations = {
  title: 'queues or topics that the message would come to',
  columns: ['name', 'kind', 'type', 'partition', 'certain', 'is_full', 'is_repeat'],
  heads: { is_full: 'full', is_repeat: 'repeat' },
}

function explain({
  routed,
  replies_directly: isReply,
  steps,
  left_off: isLeftOff,
}: Tested): string[] {
  if (isReply) {
    return [routed ? 'It goes to the client that asked' : 'The client that asked is gone']
  }
  const lines = steps.flatMap(stepLines)
  return isLeftOff ? [...lines, 'There is more; -o json says so, too'] : lines
}

function stepLines(step: Step): string[] {
  const head = `exchange ${titleOf(step.exchange)}${step.certain ? '' : ' (by chance)'}`
  const ways = step.leads_to.map((way) => `  ${wayLine(way, step)}`)
  switch (step.outcome) {
    case 'matched':
      return [`${head}:`, ...ways, ...directLines(step)]
    case 'delayed':
      return [`${head}: the message waits here first`]
    case 'repeat':
      return [`${head}: knows the id of the message, a repeat`, ...alternateLines(step)]
    default:
      return [`${head}: no binding matches`, ...alternateLines(step)]
  }
}

function wayLine(way: Way, { chosen_by: choice }: Step): string {
  const { destination_type: type, destination, bindings, left_off: isLeftOff } = way
  const keys = bindings.map(({ routing_key: key, arguments: args }) => {
    const shown = Object.keys(args).length === 0 ? '' : ` ${JSON.stringify(args)}`
    return `'${key}'${shown}`
  })
  if (way.subscribed === true) keys.push('a subscription of MQTT')
  if (isLeftOff) keys.push('…')
  const chosen = choice === null ? '' : `, chosen by ${choice}`
  return `→ ${type} '${destination}' by ${keys.join(' and ')}${chosen}`
}

/** Who gets it past all queues. */
function directLines({ direct_clients: count = 0 }: Step): string[] {
  if (count === 0) return []
  return [
    `  → ${count} MQTT ${count === 1 ? 'client' : 'clients'} at once, by subscriptions of QoS 0`,
  ]
}

function alternateLines({ alternate }: Step): string[] {
  if (alternate === null) return []
  const is = alternate.is_there ? '' : ', which is not there'
  return [`  → alternate exchange '${alternate.name}'${is}`]
}

function titleOf(exchange: string): string {
  return exchange === '' ? '(default)' : `'${exchange}'`
}
