// `pabal policy`: sets, lists, shows and deletes policies of the running broker.
import { compareNames } from '../lib/compare-names.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { checkName } from './check-name.ts'
import { addRiskOptions, isMeant, type RiskFlags } from './confirm.ts'
import { kinds, type Named, notThere } from './not-there.ts'
import { refusal } from './refusal.ts'
import type { AddCommand, AskBroker } from './remote-command.ts'
import { outputOption, readFormat, type Row, showOne, showRows } from './show-rows.ts'

/** A policy as the broker answers. */
interface Policy {
  readonly vhost: string
  readonly name: string
  readonly pattern: string
  readonly 'apply-to': string
  readonly definition: Readonly<Record<string, unknown>>
  readonly priority: number
}

/** Flags; which of them there are depends on the command. */
interface Flags extends RiskFlags {
  readonly vhost?: string
  readonly operator?: boolean
  readonly priority?: string
  readonly applyTo?: string
  readonly output?: string
}

const defaultVHost = '/'
const vhostOption = ['--vhost <NAME>', 'Virtual host (default: /)'] as const

export const addPolicyCommands: AddCommand = (policy, remote) => {
  const add = (
    usage: string,
    summary: string,
    ask: (operands: string[], flags: Flags) => AskBroker,
  ) =>
    remote(policy, usage, {
      summary,
      ask: (operands, flags) => ask(operands, flags as Flags),
    }).option('--operator', "An operator's policy")
  add('set <NAME> <PATTERN> <DEFINITION>', 'Add a policy, or replace the one of that name', set)
    .option(...vhostOption)
    .option('--priority <NUMBER>', 'Of several that fit, the highest wins (default: 0)')
    .option(
      '--apply-to <WHAT>',
      'all, queues, classic_queues, quorum_queues, streams or exchanges (default: all)',
    )
    .addHelpText('after', `\nExample: policy set limit '^orders\\.' '{"max-length":10000}'`)
  add('list', 'Show all policies, or those of one virtual host', list)
    .alias('ls')
    .option('--vhost <NAME>', 'The only virtual host to look at')
    .option(...outputOption)
  add('show <NAME>', 'Show one policy', show)
    .option(...vhostOption)
    .option(...outputOption)
  const removing = add('delete <NAME>', 'Delete a policy', remove).option(...vhostOption)
  addRiskOptions(removing).alias('rm')
}

function set([name = '', pattern = '', text = '']: string[], flags: Flags): AskBroker {
  const definition = parseDefinition(text)
  const body = {
    pattern,
    definition,
    priority: parsePriority(flags.priority ?? '0'),
    'apply-to': flags.applyTo ?? 'all',
  }
  const path = pathOf(flags, name)
  return async (broker, { print }) => {
    const answer = await broker.ask('PUT', path, body)
    if (answer.status >= 400) throw refusal(answer, `${titleOf(flags)} '${name}' was not set`)
    print(`${titleOf(flags)} '${name}' was ${answer.status === 201 ? 'added' : 'replaced'}`)
    return exitCodes.ok
  }
}

function list(_operands: string[], flags: Flags): AskBroker {
  const format = readFormat(flags.output)
  const vhost = flags.vhost === undefined ? [] : [checkName('virtual host', flags.vhost)]
  return async (broker, terminal) => {
    const answer = await broker.ask('GET', [kindOf(flags), ...vhost])
    if (answer.status >= 400)
      throw await notThere(broker, { kind: kinds.vhost, name: flags.vhost ?? '' })
    const policies = answer.body as readonly Policy[]
    const inOrder = policies.toSorted(
      (a, b) =>
        compareNames(a.vhost, b.vhost) || b.priority - a.priority || compareNames(a.name, b.name),
    )
    await showRows({ ...shown, rows: inOrder.map(asRow) }, format, terminal)
    return exitCodes.ok
  }
}

function show([name = '']: string[], flags: Flags): AskBroker {
  const format = readFormat(flags.output)
  const path = pathOf(flags, name)
  return async (broker, terminal) => {
    const answer = await broker.ask('GET', path)
    if (answer.status >= 400) throw await notThere(broker, named(name, flags))
    await showOne({ ...shown, row: asRow(answer.body as Policy) }, format, terminal)
    return exitCodes.ok
  }
}

function remove([name = '']: string[], flags: Flags): AskBroker {
  const path = pathOf(flags, name)
  const title = `${titleOf(flags)} '${name}'`
  return async (broker, terminal) => {
    if ((await broker.ask('GET', path)).status === 404) {
      throw await notThere(broker, named(name, flags))
    }
    const deed = `delete ${titleOf(flags).toLowerCase()} '${name}', whose settings end at once`
    if (!(await isMeant(terminal, { deed, place: broker.place }, flags))) return exitCodes.ok
    const answer = await broker.ask('DELETE', path)
    if (answer.status >= 400) throw await notThere(broker, named(name, flags))
    terminal.print(`${title} was deleted`)
    return exitCodes.ok
  }
}

const shown = {
  title: 'policies',
  columns: ['vhost', 'name', 'pattern', 'apply-to', 'priority', 'definition'],
  cells: { definition: (value: unknown) => JSON.stringify(value) },
}

function asRow(policy: Policy): Row {
  return { ...policy }
}

function parseDefinition(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ExitError(
      exitCodes.usage,
      `the definition is no JSON (${reason}): write it like '{"max-length":10000}'`,
    )
  }
}

function parsePriority(text: string): number {
  const priority = Number(text)
  if (text.trim() !== '' && Number.isFinite(priority)) return priority
  throw new ExitError(exitCodes.usage, `--priority ${text} is no number`)
}

/** Throws an `ExitError` for a name that no path can hold. */
function pathOf(flags: Flags, name: string): string[] {
  const vhost = checkName('virtual host', flags.vhost ?? defaultVHost)
  return [kindOf(flags), vhost, checkName('policy', name)]
}

function kindOf({ operator = false }: Flags): string {
  return operator ? 'operator-policies' : 'policies'
}

function titleOf({ operator = false }: Flags): string {
  return operator ? 'Operator policy' : 'Policy'
}

function named(name: string, flags: Flags): Named {
  const kind =
    flags.operator === true
      ? { title: 'operator policy', path: kindOf(flags), list: 'policy list --operator' }
      : { title: 'policy', path: kindOf(flags), list: 'policy list' }
  return { kind, name, vhost: flags.vhost ?? defaultVHost }
}
