// `pabal queue list`: the queues of the running broker, and how many messages wait in each.
import type { Command } from 'commander'
import { addListCommand } from './list-command.ts'
import type { DefineRemote } from './remote-command.ts'

/** RabbitMQ's names are wider than what is below them. */
export const queueColumns = {
  columns: [
    'vhost',
    'name',
    'type',
    'messages_ready',
    'messages_unacknowledged',
    'consumers',
    'policy',
  ],
  wideColumns: ['operator_policy', 'durable', 'auto_delete', 'exclusive', 'arguments'],
  heads: { messages_ready: 'ready', messages_unacknowledged: 'unacked' },
} as const

export function addQueueListCommand(parent: Command, remote: DefineRemote, usage?: string): void {
  const listed = {
    ...queueColumns,
    title: 'queues',
    summary: 'Show all queues, streams and topics, or those of one virtual host',
    path: (vhost?: string) => (vhost === undefined ? ['queues'] : ['queues', vhost]),
  }
  addListCommand(parent, remote, listed, usage)
}
