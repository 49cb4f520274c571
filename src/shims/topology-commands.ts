// Queues, exchanges and bindings.
import type { BrokerClient } from '../cli/broker-client.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import type { ShimArguments } from './shim-arguments.ts'
import {
  type ColumnOf,
  columnsIn,
  command,
  type Missing,
  noVHost,
  pickColumns,
  refuse,
  rowsOf,
  type ShimCommand,
  type ShimCommands,
} from './shim-command.ts'
import { ShimError } from './shim-error.ts'
import type { Row } from './write-table.ts'

/** As `list_queues` of RabbitMQ 4.2 has them. */
const queueColumns = columnsIn(`
  name durable auto_delete arguments policy operator_policy effective_policy_definition pid
  owner_pid exclusive exclusive_consumer_pid exclusive_consumer_tag messages_ready
  messages_unacknowledged messages messages_ready_ram messages_unacknowledged_ram messages_ram
  messages_persistent message_bytes message_bytes_ready message_bytes_unacknowledged
  message_bytes_ram message_bytes_persistent head_message_timestamp disk_reads disk_writes
  consumers consumer_utilisation consumer_capacity memory state type leader members online
`)

const exchangeColumns = columnsIn(`
  name type durable auto_delete internal arguments policy
`)

const bindingFrom: ColumnOf = {
  source_name: ({ source }) => source,
  source_kind: () => 'exchange',
  destination_name: ({ destination }) => destination,
  destination_kind: (row) => row['destination_type'],
}
const bindingColumns = [...Object.keys(bindingFrom), 'routing_key', 'arguments']

const orElse = (operands: readonly string[], usual: readonly string[]): readonly string[] =>
  operands.length > 0 ? operands : usual

export const topologyCommands: ShimCommands = {
  list_queues: command({
    usage: '[columns…]',
    options: ['--online', '--offline', '--local'],
    banner: ({ vhost }) => `Timeout: 60.0 seconds ...\nListing queues for vhost ${vhost} ...`,
    async run(broker, { vhost, operands, options }) {
      // All of them are on this node, which is there.
      const rows = options.has('--offline') ? [] : await rowsOf(broker, ['queues', vhost])
      return pickColumns(rows, orElse(operands, ['name', 'messages']), {
        known: queueColumns,
        from: { members: here, online: here, leader: ({ node }) => node },
      })
    },
  }),
  list_unresponsive_queues: command({
    usage: '[columns…]',
    banner: ({ vhost }) => `Listing unresponsive queues for vhost ${vhost} ...`,
    run: (_broker, { operands }) =>
      Promise.resolve(pickColumns([], orElse(operands, ['name']), { known: queueColumns })),
  }),
  list_exchanges: command({
    usage: '[columns…]',
    banner: ({ vhost }) => `Listing exchanges for vhost ${vhost} ...`,
    run: async (broker, { vhost, operands }) =>
      pickColumns(await rowsOf(broker, ['exchanges', vhost]), orElse(operands, ['name', 'type']), {
        known: exchangeColumns,
      }),
  }),
  list_bindings: command({
    usage: '[columns…]',
    banner: ({ vhost }) => `Listing bindings for vhost ${vhost}...`,
    run: async (broker, { vhost, operands }) =>
      pickColumns(await rowsOf(broker, ['bindings', vhost]), orElse(operands, bindingColumns), {
        known: bindingColumns,
        from: bindingFrom,
      }),
  }),
  purge_queue: command({
    usage: '<queue>',
    banner: ({ vhost, operands: [name] }) => `Purging queue '${name}' in vhost '${vhost}' ...`,
    async run(broker, { vhost, operands: [name = ''] }) {
      refuse(await broker.ask('DELETE', ['queues', vhost, name, 'contents']), {
        message: 'not_found',
        exitCode: exitCodes.unavailable,
      })
      return undefined
    },
  }),
  delete_queue: deleteQueue(),
}

const here = ({ node }: Row): unknown => (node === undefined ? [] : [node])

const noQueue: Missing = { message: 'Queue not found', exitCode: exitCodes.usage }

function deleteQueue(): ShimCommand {
  return command({
    usage: '<queue>',
    options: ['--if-empty', '--if-unused'],
    banner({ vhost, operands: [name], options }) {
      const conditions = [
        ...(options.has('--if-empty') ? ['if queue is empty'] : []),
        ...(options.has('--if-unused') ? ['if queue is unused'] : []),
      ]
      const only = conditions.length === 0 ? '' : ` ${conditions.join(' and ')}`
      return `Deleting queue '${name}' on vhost '${vhost}'${only} ...`
    },
    run: removeQueue,
  })
}

async function removeQueue(
  broker: BrokerClient,
  { vhost, operands: [name = ''], options }: ShimArguments,
): Promise<string> {
  const path = ['queues', vhost, name]
  const before = await broker.ask('GET', path)
  refuse(before, noQueue)
  const flags = ['--if-empty', '--if-unused'].filter((flag) => options.has(flag))
  const query = flags.map((flag) => `${flag.slice(2)}=true`).join('&')
  const { status, text } = await broker.transfer('DELETE', path, {
    query: query === '' ? '' : `?${query}`,
  })
  const ready = (before.body as Row)['messages_ready']
  if (status < 400) return `Queue was successfully deleted with ${String(ready)} ready messages`
  const isUsed = options.has('--if-unused') && text.includes('in use')
  const isFull = options.has('--if-empty') && text.includes('empty')
  if (isUsed) throw new ShimError(exitCodes.usage, 'Queue is in use')
  if (isFull) throw new ShimError(exitCodes.usage, 'Queue is not empty')
  const { reason } = JSON.parse(text) as { readonly reason: string }
  refuse({ status, body: { reason } }, noVHost(vhost))
  return ''
}
