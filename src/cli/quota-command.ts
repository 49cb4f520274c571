// `pabal quota`: what Kafka's clients may use.
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { change } from './access-requests.ts'
import { addListCommand } from './list-command.ts'
import type { AddCommand, AskBroker, CommandFlags } from './remote-command.ts'

const listed = {
  title: 'quotas',
  summary: "Show all quotas of Kafka's clients",
  path: () => ['v1', 'quotas'],
  columns: [
    'name',
    'quotas.producer_byte_rate',
    'quotas.consumer_byte_rate',
    'quotas.request_percentage',
    'quotas.controller_mutation_rate',
    'quotas.connection_creation_rate',
  ],
  heads: {
    name: 'client',
    'quotas.producer_byte_rate': 'produces B/s',
    'quotas.consumer_byte_rate': 'consumes B/s',
    'quotas.request_percentage': 'time %',
    'quotas.controller_mutation_rate': 'changes/s',
    'quotas.connection_creation_rate': 'connections/s',
  },
  hasVHosts: false,
}

export const addQuotaCommands: AddCommand = (quota, remote) => {
  addListCommand(quota, remote, listed)
  remote(quota, 'set <QUOTA> <VALUE>', {
    summary: 'Set a quota such as producer_byte_rate, or none to take it back',
    ask: ([name = '', value = ''], flags) => set(name, value, flags),
  })
    .option('--of-user <NAME>', 'Of this user')
    .option('--of-every-user', 'Of each user without one of its own')
    .option('--of-client <ID>', 'Of this client id; with a user, of both together')
    .option('--of-every-client', 'Of each client id without one of its own')
    .option('--of-ip <ADDRESS>', 'Of this address')
    .option('--of-every-ip', 'Of each address without one of its own')
}

function set(name: string, text: string, flags: CommandFlags): AskBroker {
  const entity = entityOf(flags)
  const value = text === 'none' ? null : Number(text)
  if (Number.isNaN(value) || text === '') {
    throw new ExitError(exitCodes.usage, `'${text}' is no number: give one, or none`)
  }
  return async (broker, { print }) => {
    const body = { entity, quotas: { [name]: value } }
    await change(broker, ['PUT', ['v1', 'quotas'], body], 'the quota was not changed')
    print(value === null ? `No ${name} any more` : `${name} is ${value}`)
    return exitCodes.ok
  }
}

function entityOf(flags: CommandFlags): Record<string, unknown> {
  const parts = [
    ['user', flags['ofUser'], flags['ofEveryUser']],
    ['client-id', flags['ofClient'], flags['ofEveryClient']],
    ['ip', flags['ofIp'], flags['ofEveryIp']],
  ] as const
  const entity: Record<string, unknown> = {}
  for (const [type, name, isEvery] of parts) {
    if (name !== undefined && isEvery === true) {
      throw new ExitError(
        exitCodes.usage,
        `which ${type}: one, or every? give one of the two flags`,
      )
    }
    if (name !== undefined) entity[type] = name
    else if (isEvery === true) entity[type] = null
  }
  if (Object.keys(entity).length > 0) return entity
  throw new ExitError(exitCodes.usage, 'whose quota? give --of-user, --of-client or --of-ip')
}
