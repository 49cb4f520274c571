// Every command there is, a row each. A row's file is loaded only when its command is asked for, so
// that no command waits for the others; what a file itself needs much of, it loads when it runs.
import type { Command } from 'commander'
import type { AddCommand, DefineRemote } from './remote-command.ts'

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
  'Exchanges and clients:',
  'Who may do what:',
  'The broker:',
  'Its data, while it does not run:',
  'These commands:',
] as const
export type CommandGroup = (typeof commandGroups)[number]

const [queues, routing, access, broker, offline, commands] = commandGroups

export const commandTable: readonly CommandRow[] = [
  {
    name: 'queue',
    aliases: ['topic'],
    group: queues,
    summary: 'Queues, streams and topics: all there is for them',
    load: async () => (await import('./queue-command.ts')).addQueueCommands,
  },
  {
    name: 'ls',
    group: queues,
    summary: 'List them; short for queue list',
    load: async () => short((await import('./queue-list-command.ts')).addQueueListCommand, ''),
  },
  {
    name: 'show',
    group: queues,
    summary: 'Show one; short for queue show',
    load: async () => short((await import('./queue-changes.ts')).addQueueShowCommand),
  },
  {
    name: 'create',
    group: queues,
    summary: 'Declare one; short for queue create',
    load: async () => short((await import('./queue-changes.ts')).addQueueCreateCommand),
  },
  {
    name: 'rm',
    group: queues,
    summary: 'Delete one; short for queue delete',
    load: async () => short((await import('./queue-changes.ts')).addQueueDeleteCommand),
  },
  {
    name: 'purge',
    group: queues,
    summary: 'Empty one; short for queue purge',
    load: async () => short((await import('./queue-changes.ts')).addQueuePurgeCommand),
  },
  {
    name: 'peek',
    group: queues,
    summary: 'Look at messages; short for queue browse',
    load: async () => short((await import('./browse-command.ts')).addBrowseCommand),
  },
  {
    name: 'tail',
    group: queues,
    summary: 'Watch messages come, which stay as they are',
    load: async () => (await import('./tail-command.ts')).addTailCommand,
  },
  {
    name: 'publish',
    group: queues,
    summary: 'Publish messages to a queue or an exchange',
    load: async () => (await import('./publish-command.ts')).addPublishCommand,
  },
  {
    name: 'export',
    group: queues,
    summary: 'Write the messages of a queue or topic to a file, with all that is in them',
    load: async () => (await import('./export-command.ts')).addExportCommand,
  },
  {
    name: 'import',
    group: queues,
    summary: 'Publish what was exported',
    load: async () => (await import('./import-command.ts')).addImportCommand,
  },
  {
    name: 'consume',
    group: queues,
    summary: 'Take messages off a queue',
    load: async () => (await import('./consume-command.ts')).addConsumeCommand,
  },
  {
    name: 'dlq',
    group: queues,
    summary: 'Dead letters: where they are, why, and back to where they came from',
    load: async () => (await import('./dead-letter-command.ts')).addDeadLetterCommands,
  },
  {
    name: 'delayed',
    group: queues,
    summary: 'Messages that wait for a time: when they are due, sent on now, or cancelled',
    load: async () => (await import('./delayed-command.ts')).addDelayedCommands,
  },
  {
    name: 'job',
    group: queues,
    summary: 'Jobs that move messages in the broker',
    load: async () => (await import('./job-command.ts')).addJobCommands,
  },
  {
    name: 'trace',
    group: queues,
    summary: 'Follow single messages: where they go, who gets them, what becomes of them',
    load: async () => (await import('./trace-command.ts')).addTraceCommands,
  },
  {
    name: 'group',
    group: queues,
    summary: "Kafka's consumer groups: how far behind they are, and where they go on",
    load: async () => (await import('./group-command.ts')).addGroupCommands,
  },
  {
    name: 'transaction',
    group: queues,
    summary: "Transactions of Kafka's producers: what is open, and the end of it",
    load: async () => (await import('./transaction-command.ts')).addTransactionCommands,
  },
  {
    name: 'mqtt',
    group: queues,
    summary: 'Sessions of MQTT clients, their subscriptions, and retained messages',
    load: async () => (await import('./mqtt-command.ts')).addMqttCommands,
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
    name: 'exchange',
    group: routing,
    summary: 'Where messages are published to',
    load: async () => (await import('./exchange-command.ts')).addExchangeCommands,
  },
  {
    name: 'bindings',
    group: routing,
    summary: 'List which queues get what of which exchange',
    load: async () => (await import('./binding-commands.ts')).addBindingsCommand,
  },
  {
    name: 'bind',
    group: routing,
    summary: 'Let a queue get messages of an exchange',
    load: async () => (await import('./binding-commands.ts')).addBindCommand,
  },
  {
    name: 'unbind',
    group: routing,
    summary: 'End that',
    load: async () => (await import('./binding-commands.ts')).addUnbindCommand,
  },
  {
    name: 'route-test',
    group: routing,
    summary: 'Show where a message would go, and through which bindings; nothing is published',
    load: async () => (await import('./route-test-command.ts')).addRouteTestCommand,
  },
  {
    name: 'conn',
    aliases: ['connection'],
    group: routing,
    summary: 'List and close connections',
    load: async () => (await import('./client-commands.ts')).addConnectionCommands,
  },
  {
    name: 'channel',
    group: routing,
    summary: 'List channels',
    load: async () => (await import('./client-commands.ts')).addChannelCommands,
  },
  {
    name: 'consumer',
    group: routing,
    summary: 'List consumers',
    load: async () => (await import('./client-commands.ts')).addConsumerCommands,
  },
  {
    name: 'config',
    group: broker,
    summary: 'Show and check the settings of a broker that is started here',
    load: async () => (await import('./config-command.ts')).addConfigCommands,
  },
  {
    name: 'status',
    group: broker,
    summary: 'Show how the broker is',
    load: async () => (await import('./status-command.ts')).addStatusCommand,
  },
  {
    name: 'drain',
    group: broker,
    summary: 'Send all clients away and let none in, until revive or a restart',
    load: async () => (await import('./maintenance-command.ts')).addDrainCommand,
  },
  {
    name: 'revive',
    group: broker,
    summary: 'Let clients in again',
    load: async () => (await import('./maintenance-command.ts')).addReviveCommand,
  },
  {
    name: 'backup',
    group: broker,
    summary: 'Write all that a broker keeps to a file, while it runs or not',
    load: async () => (await import('./backup-command.ts')).addBackupCommand,
  },
  {
    name: 'move',
    group: broker,
    summary: 'Bring what is in RabbitMQ or Kafka; may be stopped and gone on with at any time',
    load: async () => (await import('./move-command.ts')).addMoveCommands,
  },
  {
    name: 'top',
    group: broker,
    summary: 'Watch the broker and its queues',
    load: async () => (await import('./top/top-command.ts')).addTopCommand,
  },
  {
    name: 'demo',
    group: broker,
    summary: 'Show what Pabal does: a shop of ten minutes, of which nothing is left',
    load: async () => (await import('./demo/demo-command.ts')).addDemoCommand,
  },
  {
    name: 'cluster',
    group: broker,
    summary:
      'Several nodes: how they are, drain one, carry data into a cluster, try one on this machine',
    load: async () => (await import('./cluster-command.ts')).addClusterCommands,
  },
  {
    name: 'bench',
    group: broker,
    summary: 'Measure how much a broker takes and how fast it delivers',
    load: async () => (await import('./bench/bench-command.ts')).addBenchCommand,
  },
  {
    name: 'doctor',
    group: broker,
    summary: 'Check this machine and the broker, and say what to do',
    load: async () => (await import('./doctor/doctor-command.ts')).addDoctorCommand,
  },
  {
    name: 'user',
    group: access,
    summary: 'Users and their limits',
    load: async () => (await import('./user-command.ts')).addUserCommands,
  },
  {
    name: 'quota',
    group: access,
    summary: "What Kafka's clients may use",
    load: async () => (await import('./quota-command.ts')).addQuotaCommands,
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
    name: 'acl',
    group: access,
    summary: "What Kafka's ACLs allow and deny",
    load: async () => (await import('./acl-command.ts')).addAclCommands,
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
    name: 'restore',
    group: offline,
    summary: 'Make a data folder of a backup',
    load: async () => (await import('./restore-command.ts')).addRestoreCommand,
  },
  {
    name: 'crash-test',
    group: offline,
    summary: 'Kill a broker of its own again and again, and see whether anything is lost',
    load: async () => (await import('./crash-test/crash-test-command.ts')).addCrashTestCommand,
  },
  {
    name: 'context',
    group: commands,
    summary: 'Brokers by name: where they are and who logs in',
    load: async () => (await import('./context-command.ts')).addContextCommands,
  },
  {
    name: 'version',
    group: commands,
    summary: 'Show the versions of this program and of the broker',
    load: async () => (await import('./version-command.ts')).addVersionCommand,
  },
  {
    name: 'completion',
    group: commands,
    summary: 'What a shell needs to complete them',
    load: async () => (await import('./completion-command.ts')).addCompletionCommand,
  },
]

/** A word of `queue` as a command of its own; `usage` is its operands. */
function short(
  add: (command: Command, remote: DefineRemote, usage: string) => void,
  usage = '<NAME>',
): AddCommand {
  return (command, remote) => add(command, remote, usage)
}
