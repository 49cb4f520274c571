// `pabal conn`, `channel` and `consumer`: who is connected, and what for.
import { exitCodes } from '../lib/exit-codes.ts'
import { checkName } from './check-name.ts'
import { addRiskOptions, isMeant, type RiskFlags } from './confirm.ts'
import { addListCommand } from './list-command.ts'
import { notThere } from './not-there.ts'
import { refusal } from './refusal.ts'
import type { AddCommand, AskBroker } from './remote-command.ts'

interface CloseFlags extends RiskFlags {
  readonly reason?: string
}

/** Lists of clients are below virtual hosts. */
function inVHost(list: string): (vhost?: string) => readonly string[] {
  return (vhost) => (vhost === undefined ? [list] : ['vhosts', vhost, list])
}

const connections = {
  title: 'connections',
  summary: 'Show all connections, or those to one virtual host',
  path: inVHost('connections'),
  columns: ['name', 'user', 'vhost', 'protocol', 'state', 'channels', 'connected_at'],
  wideColumns: [
    'user_provided_name',
    'client_properties.product',
    'client_properties.version',
    'ssl',
    'recv_oct',
    'send_oct',
    'timeout',
  ],
  heads: {
    connected_at: 'since',
    user_provided_name: 'own name',
    'client_properties.product': 'library',
    'client_properties.version': 'version',
    ssl: 'tls',
    recv_oct: 'received',
    send_oct: 'sent',
    timeout: 'heartbeat',
  },
  cells: {
    connected_at: (time: unknown) => (typeof time === 'number' ? new Date(time).toISOString() : ''),
  },
}

const channels = {
  title: 'channels',
  summary: 'Show all channels, or those to one virtual host',
  path: inVHost('channels'),
  columns: [
    'name',
    'user',
    'vhost',
    'state',
    'consumer_count',
    'prefetch_count',
    'messages_unacknowledged',
    'messages_unconfirmed',
  ],
  wideColumns: ['confirm', 'transactional', 'messages_uncommitted', 'acks_uncommitted'],
  heads: {
    consumer_count: 'consumers',
    prefetch_count: 'prefetch',
    messages_unacknowledged: 'unacked',
    messages_unconfirmed: 'unconfirmed',
    messages_uncommitted: 'uncommitted',
    acks_uncommitted: 'uncommitted acks',
  },
}

const consumers = {
  title: 'consumers',
  summary: 'Show all consumers, or those in one virtual host',
  path: (vhost?: string) => (vhost === undefined ? ['consumers'] : ['consumers', vhost]),
  columns: [
    'queue.vhost',
    'queue.name',
    'consumer_tag',
    'active',
    'ack_required',
    'prefetch_count',
    'channel_details.connection_name',
  ],
  wideColumns: ['exclusive', 'channel_details.user', 'consumer_timeout', 'arguments'],
  heads: {
    'queue.vhost': 'vhost',
    'queue.name': 'queue',
    consumer_tag: 'tag',
    ack_required: 'acks',
    prefetch_count: 'prefetch',
    'channel_details.connection_name': 'connection',
    'channel_details.user': 'user',
    consumer_timeout: 'timeout',
  },
  nameKey: 'consumer_tag',
}

export const addConnectionCommands: AddCommand = (connection, remote) => {
  addListCommand(connection, remote, connections)
  const closing = remote(connection, 'close <NAME>', {
    summary: 'Close a connection by its name in the list',
    ask: ([name = ''], flags) => close(name, flags),
  }).option('--reason <TEXT>', 'What its client is told')
  addRiskOptions(closing)
}

export const addChannelCommands: AddCommand = (channel, remote) => {
  addListCommand(channel, remote, channels)
}

export const addConsumerCommands: AddCommand = (consumer, remote) => {
  addListCommand(consumer, remote, consumers)
}

function close(name: string, flags: CloseFlags): AskBroker {
  const path = ['connections', checkName('connection', name)]
  const { reason } = flags
  const headers = { 'x-reason': reason ?? 'Closed by pabal conn close' }
  const kind = { title: 'connection', path: 'connections', list: 'conn list' }
  return async (broker, terminal) => {
    const answer = await broker.ask('GET', path)
    if (answer.status === 404) throw await notThere(broker, { kind, name })
    if (answer.status >= 400) throw refusal(answer, `connection '${name}' cannot be seen`)
    const { user } = answer.body as { readonly user?: string }
    const deed = `close connection '${name}' of user '${user}'`
    if (!(await isMeant(terminal, { deed, place: broker.place }, flags))) return exitCodes.ok
    const closed = await broker.transfer('DELETE', path, { headers })
    if (closed.status === 404) throw await notThere(broker, { kind, name })
    if (closed.status >= 400) {
      throw refusal({ ...closed, body: JSON.parse(closed.text) }, `connection '${name}' stays`)
    }
    terminal.print(`Closed: connection '${name}'`)
    return exitCodes.ok
  }
}
