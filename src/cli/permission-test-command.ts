// `pabal permission test`: whether a user may do something, and which permission says so.
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { printable } from '../lib/printable.ts'
import { checkName } from './check-name.ts'
import { vhostOption } from './list-command.ts'
import { refusal } from './refusal.ts'
import type { AddCommand, AskBroker } from './remote-command.ts'
import { outputOption, readFormat, showOne } from './show-rows.ts'

interface Flags {
  readonly vhost?: string
  readonly routingKey?: string
  readonly from?: string
  readonly output?: string
}

interface Step {
  readonly allowed: boolean
  readonly reason: string
}

/** What the broker answers. */
interface Tested extends Step {
  readonly refusal: string | null
  readonly steps: readonly Step[]
}

const actions =
  'enter configure write read describe manage create delete alter describe-configs alter-configs cluster-action idempotent-write two-phase-commit'.split(
    ' ',
  )
const help = `
Actions: enter (the virtual host); configure, write, read and describe, of a queue or an exchange,
or of a topic, a group or a transactional-id of Kafka's clients, and with the other operations of
ACLs (create, delete, alter, describe-configs, alter-configs, …) of these or of the cluster;
manage, with a tag: management, policymaker, monitoring, administrator.

Examples: permission test app write exchange amq.topic --routing-key app.created
          permission test app read topic orders
          permission test app delete topic orders --from 10.0.0.7
          permission test app describe cluster
          permission test app manage monitoring

It ends with 0 for yes, and 1 for no.`

export const addPermissionTestCommand: AddCommand = (permission, remote) => {
  remote(permission, 'test <USER> <ACTION> [KIND] [NAME]', {
    summary: 'Say whether a user may do something, and which permission decides',
    ask: (operands, flags) => test(operands, flags as Flags),
  })
    .option('--routing-key <KEY>', 'Of a message to an exchange, or of a binding from one')
    .option('--from <HOST>', 'Address that the user comes from, which ACLs may name')
    .option(...vhostOption)
    .option(...outputOption)
    .addHelpText('after', help)
}

function test(operands: readonly string[], flags: Flags): AskBroker {
  const [user = '', action = ''] = operands
  if (!actions.includes(action)) {
    const known = actions.join(', ')
    throw new ExitError(exitCodes.usage, `'${action}' is no action: use one of ${known}`)
  }
  const format = readFormat(flags.output)
  const body = {
    user,
    action,
    vhost: checkName('virtual host', flags.vhost ?? '/'),
    ...objectOf(action, operands.slice(2)),
    ...(flags.routingKey !== undefined && { routing_key: flags.routingKey }),
    ...(flags.from !== undefined && { host: flags.from }),
  }
  return async (broker, terminal) => {
    const answer = await broker.ask('POST', ['v1', 'access-test'], body)
    if (answer.status >= 400) throw refusal(answer, 'nothing was tested')
    const tested = answer.body as Tested
    if (format === 'table' || format === 'wide') {
      for (const line of linesOf(tested)) terminal.print(line)
    } else if (format === 'name') terminal.print(tested.allowed ? 'yes' : 'no')
    else await showOne({ title: 'answers', columns: [], row: { ...tested } }, format, terminal)
    return tested.allowed ? exitCodes.ok : exitCodes.attention
  }
}

function objectOf(action: string, [first, name]: readonly string[]): object {
  if (action === 'manage') return first === undefined ? {} : { tag: first }
  if (action === 'enter') return {}
  if (first === 'cluster') return { kind: first }
  if (first === undefined || name === undefined) {
    const what = 'queue, exchange, topic, group, transactional-id or cluster'
    throw new ExitError(exitCodes.usage, `say what it is, ${what}, and its name`)
  }
  return { kind: first, name }
}

function linesOf({ allowed, refusal: told, steps }: Tested): string[] {
  const lines = steps.map((step) => `${step.allowed ? 'yes' : 'no '}  ${printable(step.reason)}`)
  const answer = allowed ? 'Yes, it may' : 'No, it may not'
  return [...lines, told === null ? answer : `${answer}. A client is told: ${printable(told)}`]
}
