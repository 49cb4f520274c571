// Every command there is, a row each. A row's file is loaded only when its command is asked for, so
// that no command waits for the others; what a file itself needs much of, it loads when it runs.
import type { AddCommand } from './remote-command.ts'

export interface CommandRow {
  readonly name: string
  /** Other names of the same. */
  readonly aliases?: readonly string[]
  /** Above which commands it stands in --help. */
  readonly group: CommandGroup
  readonly summary: string
  /** Adds operands, options and words to the command. */
  readonly load: () => Promise<AddCommand>
}

/** In the order of --help. */
export const commandGroups = [
  'Queues, streams and topics:',
  'Who may do what:',
  'Its data, while it does not run:',
  'These commands:',
] as const
export type CommandGroup = (typeof commandGroups)[number]

const [queues, access, offline, commands] = commandGroups

export const commandTable: readonly CommandRow[] = [
  {
    name: 'queue',
    group: queues,
    summary: 'List queues, look into them, and replay those that keep what was acked',
    load: async () => (await import('./queue-command.ts')).addQueueCommands,
  },
  {
    name: 'policy',
    group: queues,
    summary: 'Settings for all queues, streams or exchanges of some names',
    load: async () => (await import('./policy-command.ts')).addPolicyCommands,
  },
  {
    name: 'definitions',
    group: queues,
    summary: 'All that was declared, as a file of RabbitMQ, out and in',
    load: async () => (await import('./definitions-command.ts')).addDefinitionsCommands,
  },
  {
    name: 'user',
    group: access,
    summary: 'Users and their limits',
    load: async () => (await import('./user-command.ts')).addUserCommands,
  },
  {
    name: 'vhost',
    group: access,
    summary: 'Virtual hosts and their limits',
    load: async () => (await import('./vhost-command.ts')).addVHostCommands,
  },
  {
    name: 'permission',
    group: access,
    summary: 'What users may do in virtual hosts',
    load: async () => (await import('./permission-command.ts')).addPermissionCommands,
  },
  {
    name: 'verify',
    group: offline,
    summary: 'Check a data folder and change nothing',
    load: async () => (await import('./verify-command.ts')).addVerifyCommand,
  },
  {
    name: 'repair',
    group: offline,
    summary: 'Mend a damaged data folder',
    load: async () => (await import('./repair-command.ts')).addRepairCommand,
  },
  {
    name: 'context',
    group: commands,
    summary: 'Brokers by name: where they are and who logs in',
    load: async () => (await import('./context-command.ts')).addContextCommands,
  },
  {
    name: 'completion',
    group: commands,
    summary: 'What a shell needs to complete them',
    load: async () => (await import('./completion-command.ts')).addCompletionCommand,
  },
]
