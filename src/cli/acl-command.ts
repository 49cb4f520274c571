// `pabal acl`: what principals are allowed and denied, as Kafka's clients have it.
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { type Add, adderFor } from './access-requests.ts'
import { addRiskOptions, isMeant, type RiskFlags } from './confirm.ts'
import { refusal } from './refusal.ts'
import type { AddCommand, AskBroker } from './remote-command.ts'
import { outputOption, readFormat, type Row, showRows } from './show-rows.ts'

interface AclFlags extends RiskFlags {
  readonly prefix?: boolean
  readonly match?: boolean
  readonly from?: string
  readonly principal?: string
  readonly kind?: string
  readonly name?: string
  readonly operation?: string
  readonly permission?: string
  readonly output?: string
}

const columns = [
  'resource_type',
  'name',
  'pattern_type',
  'principal',
  'host',
  'permission',
  'operation',
]
const clusterName = 'kafka-cluster'

const kindsHelp = `
Kinds: topic, group, transactional-id, cluster (which needs no name), delegation-token, user.
Operations: all, read, write, create, delete, alter, describe, cluster-action, describe-configs,
alter-configs, idempotent-write, create-tokens, describe-tokens, two-phase-commit.
The principal of user 'app' is app or User:app; '*' is everyone who has logged in.`

export const addAclCommands: AddCommand = (acl, remote) => {
  const add = adderFor(acl, remote)
  addListing(add)
  addAdding(add)
  addDeleting(add)
}

function addListing(add: Add): void {
  const listing = add('list', 'Show ACLs', (_operands, given) => {
    const flags = given as AclFlags
    const format = readFormat(flags.output)
    const query = filterOf(flags)
    return async (broker, terminal) => {
      const answer = await broker.get(['v1', 'acls'], query)
      if (answer.status >= 400) throw refusal(answer, 'no ACLs were listed')
      const rows = answer.body as readonly Row[]
      await showRows({ title: 'ACLs', columns, nameKey: 'name', rows }, format, terminal)
      return exitCodes.ok
    }
  }).alias('ls')
  addFilterOptions(listing).option(...outputOption)
  listing.addHelpText(
    'after',
    `\nExample: acl list --kind topic --name orders --match\n${kindsHelp}`,
  )
}

function addAdding(add: Add): void {
  add(
    'add <PRINCIPAL> <PERMISSION> <OPERATION> <KIND> [NAME]',
    'Allow or deny an operation',
    ([principal = '', permission = '', operation = '', kind = '', name], given) => {
      const { prefix = false, from = '*' } = given as AclFlags
      const acl = {
        resource_type: kind,
        name: nameOf(kind, name),
        pattern_type: prefix ? 'prefixed' : 'literal',
        principal: principalOf(principal),
        host: from,
        operation,
        permission,
      }
      return addOne(acl)
    },
  )
    .option('--prefix', 'NAME is what names begin with')
    .option('--from <HOST>', 'Only clients from this address (default: from any)')
    .addHelpText(
      'after',
      `
PERMISSION is allow or deny.

Examples: acl add app allow read topic orders
          acl add app allow all topic app. --prefix
          acl add '*' deny delete topic '*'
          acl add app allow describe cluster
${kindsHelp}`,
    )
}

function addOne(acl: Readonly<Record<string, string>>): AskBroker {
  return async (broker, { print }) => {
    const answer = await broker.ask('POST', ['v1', 'acls'], { acls: [acl] })
    if (answer.status >= 400) throw refusal(answer, 'the ACL was not added')
    const { added } = answer.body as { readonly added: number }
    print(added === 0 ? 'It was there already' : 'The ACL was added, and is in force')
    return exitCodes.ok
  }
}

function addDeleting(add: Add): void {
  const deleting = add('delete', 'Delete the ACLs that the flags find', (_operands, given) => {
    const flags = given as AclFlags
    const filter = filterOf(flags)
    return async (broker, terminal) => {
      if (Object.keys(filter).length === 0) {
        const what = 'say which: --principal, --kind, --name and their like'
        throw new ExitError(exitCodes.usage, what)
      }
      const found = await broker.ask('POST', deletion, { ...filter, dry_run: true })
      if (found.status >= 400) throw refusal(found, 'nothing was deleted')
      const { length: count } = (found.body as { readonly deleted: readonly unknown[] }).deleted
      if (count === 0) throw new ExitError(exitCodes.noInput, 'there is no such ACL')
      const what = `${count} ${count === 1 ? 'ACL' : 'ACLs'}`
      const { place } = broker
      if (!(await isMeant(terminal, { deed: `delete ${what}`, place }, flags))) return exitCodes.ok
      const answer = await broker.ask('POST', deletion, filter)
      if (answer.status >= 400) throw refusal(answer, 'nothing was deleted')
      terminal.print(`Deleted: ${what}`)
      return exitCodes.ok
    }
  }).alias('rm')
  addFilterOptions(deleting)
  addRiskOptions(deleting).addHelpText(
    'after',
    `\nExample: acl delete --principal app\n${kindsHelp}`,
  )
}

const deletion = ['v1', 'acls', 'delete']

function addFilterOptions(command: ReturnType<Add>): ReturnType<Add> {
  return command
    .option('--principal <PRINCIPAL>', 'Only those of this one')
    .option('--kind <KIND>', 'Only on topics, groups, …')
    .option('--name <NAME>', 'Only on what has this name')
    .option('--prefix', 'Only those for names that begin with something')
    .option('--match', 'All that count for the name: those for prefixes of it and for * as well')
    .option('--operation <OPERATION>', 'Only those for this operation')
    .option('--permission <PERMISSION>', 'Only those that allow, or deny')
    .option('--from <HOST>', 'Only those for clients from this address')
}

function filterOf(flags: AclFlags): Readonly<Record<string, string>> {
  const { principal, kind, name, prefix, match, operation, permission, from } = flags
  if (prefix === true && match === true) {
    throw new ExitError(exitCodes.usage, 'give --prefix or --match, not both')
  }
  const pattern = match === true ? 'match' : 'prefixed'
  const asked = {
    principal: principal === undefined ? undefined : principalOf(principal),
    resource_type: kind,
    resource_name: name,
    pattern_type: prefix === true || match === true ? pattern : undefined,
    operation,
    permission,
    host: from,
  }
  return Object.fromEntries(
    Object.entries(asked).filter((each): each is [string, string] => each[1] !== undefined),
  )
}

function nameOf(kind: string, name: string | undefined): string {
  if (kind === 'cluster') return name ?? clusterName
  if (name !== undefined) return name
  throw new ExitError(exitCodes.usage, `name a ${kind}, or '*' for all`)
}

function principalOf(text: string): string {
  return text.includes(':') ? text : `User:${text}`
}
