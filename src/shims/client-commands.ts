// Connections, channels and consumers.
import type { BrokerClient } from '../cli/broker-client.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { pause } from './pause.ts'
import {
  type ColumnOf,
  columnsIn,
  command,
  noUser,
  noVHost,
  pickColumns,
  refuse,
  rowsOf,
  type ShimCommands,
} from './shim-command.ts'
import type { Row } from './write-table.ts'

/** As RabbitMQ 4.2 has them. */
const connectionColumns = columnsIn(`
  pid name port host peer_port peer_host ssl ssl_protocol ssl_key_exchange ssl_cipher ssl_hash
  peer_cert_subject peer_cert_issuer peer_cert_serial_number peer_cert_validity state channels
  protocol auth_mechanism user vhost container_id timeout frame_max channel_max
  client_properties recv_oct recv_cnt send_oct send_cnt send_pend connected_at
`)

const channelColumns = columnsIn(`
  pid connection name number user vhost transactional confirm consumer_count
  messages_unacknowledged messages_uncommitted acks_uncommitted messages_unconfirmed
  prefetch_count
`)

const consumerColumns = columnsIn(`
  queue_name channel_pid consumer_tag ack_required prefetch_count active activity_status
  arguments
`)

/** What RabbitMQ names by a process of Erlang has its name here. */
const connectionFrom: ColumnOf = { pid: ({ name }) => name }
const channelFrom: ColumnOf = {
  pid: ({ name }) => name,
  connection: (row) => (row['connection_details'] as Row)['name'],
}
const consumerFrom: ColumnOf = {
  queue_name: ({ queue }) => (queue as Row)['name'],
  channel_pid: (row) => (row['channel_details'] as Row)['name'],
}

const usualConsumerColumns = consumerColumns.filter((column) => column !== 'activity_status')

export const clientCommands: ShimCommands = {
  list_connections: command({
    usage: '[columns…]',
    banner: () => 'Listing connections ...',
    run: async (broker, { operands }) =>
      pickColumns(
        await rowsOf(broker, ['connections']),
        operands.length > 0 ? operands : ['user', 'peer_host', 'peer_port', 'state'],
        { known: connectionColumns, from: connectionFrom },
      ),
  }),
  list_channels: command({
    usage: '[columns…]',
    banner: () => 'Listing channels ...',
    run: async (broker, { operands }) =>
      pickColumns(
        await rowsOf(broker, ['channels']),
        operands.length > 0
          ? operands
          : ['pid', 'user', 'consumer_count', 'messages_unacknowledged'],
        { known: channelColumns, from: channelFrom },
      ),
  }),
  list_consumers: command({
    usage: '[columns…]',
    banner: ({ vhost }) => `Listing consumers in vhost ${vhost} ...`,
    run: async (broker, { vhost, operands }) =>
      pickColumns(
        await rowsOf(broker, ['consumers', vhost]),
        operands.length > 0 ? operands : usualConsumerColumns,
        { known: consumerColumns, from: consumerFrom },
      ),
  }),
  close_connection: command({
    usage: '<connection> <reason>',
    banner: ({ operands: [name, reason] }) => `Closing connection ${name}, reason: ${reason}...`,
    async run(broker, { operands: [name = '', reason = ''] }) {
      refuse(await close(broker, name, reason), {
        message: `There is no connection '${name}': see rabbitmqctl list_connections name`,
        exitCode: exitCodes.unavailable,
      })
      return undefined
    },
  }),
  close_all_connections: command({
    usage: '<reason>',
    options: ['--global', '--limit', '--per-connection-delay'],
    banner: ({ vhost, options, operands: [reason] }) =>
      options.has('--global')
        ? `Closing all connections to all vhosts, reason: ${reason}...`
        : `Closing all connections in vhost ${vhost}, reason: ${reason}...`,
    async run(broker, { vhost, options, operands: [reason = ''] }) {
      const path = options.has('--global') ? ['connections'] : ['vhosts', vhost, 'connections']
      const rows = await rowsOf(broker, path, noVHost(vhost))
      const limit = Number(options.get('--limit') ?? 0)
      const delayMs = Number(options.get('--per-connection-delay') ?? 0)
      const count = await closeAll(broker, limit > 0 ? rows.slice(0, limit) : rows, {
        reason,
        delayMs,
      })
      return `Closed ${count} connections`
    },
  }),
  close_all_user_connections: command({
    usage: '<username> <reason>',
    banner: ({ operands: [name, reason] }) =>
      `Closing connections of user ${name}, reason: ${reason}...`,
    async run(broker, { operands: [name = '', reason = ''] }) {
      const rows = await rowsOf(broker, ['connections', 'username', name], noUser(name))
      await closeAll(broker, rows, { reason, delayMs: 0 })
      return undefined
    },
  }),
}

/** How many were there to be closed. */
async function closeAll(
  broker: BrokerClient,
  rows: readonly Row[],
  { reason, delayMs }: { readonly reason: string; readonly delayMs: number },
): Promise<number> {
  let count = 0
  for (const { name } of rows) {
    const { status } = await close(broker, String(name), reason)
    if (status < 400) count++
    if (delayMs > 0) await pause(delayMs)
  }
  return count
}

async function close(
  broker: BrokerClient,
  name: string,
  reason: string,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const headers = { 'X-Reason': reason }
  const { status, text } = await broker.transfer('DELETE', ['connections', name], { headers })
  return { status, body: text === '' ? undefined : JSON.parse(text) }
}
