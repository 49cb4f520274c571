// `pabal mqtt test-filter`: what a topic filter has, who gets a topic, and what is wrong with either.
import type { Command } from 'commander'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { vhostOption } from './list-command.ts'
import { kinds, notThere } from './not-there.ts'
import { refusal } from './refusal.ts'
import type { AskBroker, DefineRemote } from './remote-command.ts'
import { outputOption, readFormat, showOne } from './show-rows.ts'
import type { Terminal } from './terminal.ts'

interface Flags {
  readonly output?: string
  readonly vhost?: string
  readonly topic?: string
}

interface Tested {
  readonly filter: {
    readonly problem: string | null
    readonly cautions: readonly string[]
    readonly topics: number
    readonly looked_at_all: boolean
    readonly examples: readonly string[]
  } | null
  readonly topic: {
    readonly problem: string | null
    readonly routing_key: string
    readonly subscriptions: readonly {
      readonly client_id: string | null
      readonly group: string | null
      readonly filter: string
      readonly qos: number
      readonly connected: boolean
    }[]
    readonly others: number
  } | null
  readonly match: { readonly matches: boolean; readonly reason: string | null } | null
}

export function addFilterTest(mqtt: Command, remote: DefineRemote): void {
  remote(mqtt, 'test-filter [FILTER]', {
    summary: 'Say which topics a filter has, or which subscriptions a topic has',
    ask: ([filter], flags) => test(filter, flags),
  })
    .option('--topic <TOPIC>', 'Whether the filter has it, and which subscriptions have')
    .option(...vhostOption)
    .option(...outputOption)
    .addHelpText(
      'after',
      `
Examples: mqtt test-filter 'sensors/+/state'
          mqtt test-filter 'sensors/#' --topic sensors/kitchen/state
          mqtt test-filter --topic sensors/kitchen/state`,
    )
}

function test(filter: string | undefined, { output, vhost = '/', topic }: Flags): AskBroker {
  const format = readFormat(output)
  if (filter === undefined && topic === undefined) {
    throw new ExitError(exitCodes.usage, 'mqtt test-filter needs a filter, --topic TOPIC, or both')
  }
  const body = { ...(filter !== undefined && { filter }), ...(topic !== undefined && { topic }) }
  return async (broker, terminal) => {
    const answer = await broker.ask('POST', ['v1', 'mqtt', 'filter-test', vhost], body)
    if (answer.status === 404) throw await notThere(broker, { kind: kinds.vhost, name: vhost })
    if (answer.status >= 400) throw refusal(answer, 'the filter was not tested')
    const tested = answer.body as Tested
    if (format === 'table' || format === 'wide') tell(tested, { filter, topic }, terminal)
    else await showOne({ title: 'tests', columns: [], row: { ...tested } }, format, terminal)
    const isWrong = [tested.filter, tested.topic].some((part) => (part?.problem ?? null) !== null)
    return isWrong || tested.match?.matches === false ? exitCodes.notPermitted : exitCodes.ok
  }
}

function tell(
  { filter, topic, match }: Tested,
  asked: { readonly filter: string | undefined; readonly topic: string | undefined },
  { print }: Terminal,
): void {
  if (filter !== null) {
    if (filter.problem !== null) print(`'${asked.filter}' is no topic filter: ${filter.problem}`)
    else print(topicsText(filter.topics, filter.looked_at_all))
    for (const caution of filter.cautions) print(caution)
    for (const example of filter.examples.slice(0, 20)) print(`  ${example}`)
  }
  if (match !== null) {
    print(
      match.matches
        ? `It has '${asked.topic}'`
        : `It does not have '${asked.topic}': ${match.reason}`,
    )
  }
  if (topic === null) return
  if (topic.problem !== null) {
    print(`Nothing can be published to '${asked.topic}': ${topic.problem}`)
    return
  }
  const count = topic.subscriptions.length + topic.others
  print(`${count === 1 ? '1 subscription has' : `${count} subscriptions have`} '${asked.topic}'`)
  for (const { client_id: id, group, filter: own, qos, connected } of topic.subscriptions) {
    const who = id === null ? `group ${group}` : id
    print(`  ${who}, by ${own}, QoS ${qos}, ${connected ? 'connected' : 'away'}`)
  }
  if (topic.others > 0) print(`  and ${topic.others} more`)
  print(`AMQP sees the routing key '${topic.routing_key}'`)
}

function topicsText(topics: number, isAll: boolean): string {
  const count = topics === 1 ? '1 topic' : `${topics} topics`
  return `It has ${count} with a retained message${isAll ? '' : ', of those that were looked at'}`
}
