// A connection as RabbitMQ's management shows it.
import { z } from 'zod'
import type { Client } from '../../broker/client/client.ts'
import { protocolOf } from '../../broker/client/protocol-of.ts'
import type { Statistics } from '../../broker/statistics/statistics.ts'
import { argumentsToJson } from '../../definitions/arguments-json.ts'
import type { JsonObject } from '../api/columns.ts'
import type { ListedClient } from './listed-client.ts'
import { detailsJson, detailsShape, octetStats, type Range } from './message-stats.ts'
import { tlsJson, tlsShape } from './tls-json.ts'

const count = z.number().int().nonnegative()

/** All that lists show without statistics. */
const basicShape = { name: z.string(), vhost: z.string(), user: z.string(), node: z.string() }

export const basicConnectionSchema: z.ZodType = z.object(basicShape)

export const connectionSchema: z.ZodType = z.object({
  ...basicShape,
  user_provided_name: z.string().optional(),
  protocol: z.string().optional(),
  type: z.string().optional(),
  state: z.string().optional().describe('starting, running, blocked or closing'),
  connected_at: count.optional().describe('Milliseconds since 1970'),
  host: z.string().optional(),
  port: count.optional(),
  peer_host: z.string().optional(),
  peer_port: count.optional(),
  ssl: z.boolean().optional(),
  ...tlsShape,
  auth_mechanism: z.string().nullable().optional().describe('null for who need not log in'),
  client_properties: z.record(z.string(), z.unknown()).optional(),
  variable_map: z.object({ client_id: z.string() }).optional().describe('Of MQTT'),
  channels: count.optional(),
  channel_max: count.optional(),
  frame_max: count.optional(),
  timeout: count
    .optional()
    .describe('Seconds between heartbeats, or the keep alive of MQTT; 0 for none'),
  recv_oct: count.optional(),
  send_oct: count.optional(),
  send_pend: count.optional(),
  user_who_performed_action: z.string().optional(),
  ...detailsShape(octetStats),
})

/** RabbitMQ writes versions of MQTT as those of AMQP: `MQTT 5-0`. */
function rabbitProtocolOf(client: Client): string {
  const protocol = protocolOf(client)
  return client.protocol === 'MQTT' ? protocol.replaceAll('.', '-') : protocol
}

export function basicConnectionJson({ name, vhost, principal, node }: ListedClient): JsonObject {
  return { name, vhost, user: principal.user, node }
}

export function connectionJson(
  listed: ListedClient,
  statistics: Statistics,
  range?: Range,
): JsonObject {
  const { client, principal } = listed
  const { peer, local, isTls } = client.transport
  const { limits, properties } = client
  const givenName = properties.findText('connection_name') ?? properties.findText('client_id')
  return {
    ...basicConnectionJson(listed),
    ...(givenName !== undefined && { user_provided_name: givenName }),
    protocol: rabbitProtocolOf(client),
    type: 'network',
    state: client.state,
    connected_at: client.connectedAt,
    host: local.host,
    port: local.port,
    peer_host: peer.host,
    peer_port: peer.port,
    ssl: isTls,
    ...tlsJson(client.tls),
    auth_mechanism: client.mechanism ?? null,
    client_properties: argumentsToJson(properties),
    ...(client.protocol === 'MQTT' && { variable_map: { client_id: givenName ?? '' } }),
    channels: client.channelCount,
    ...(limits !== undefined && {
      channel_max: limits.channelMax,
      frame_max: limits.frameSizeMax,
      timeout: limits.heartbeatSeconds,
    }),
    ...(client.keepAliveSeconds !== undefined && { timeout: client.keepAliveSeconds }),
    recv_oct: client.receivedSize,
    send_oct: client.sentSize,
    send_pend: client.unsentSize,
    user_who_performed_action: principal.user,
    ...detailsJson(octetStats, statistics.ratesOf(client), range),
  }
}

/** What other things show of the connection that they are on. */
export function connectionDetails({ name, client }: ListedClient): JsonObject {
  const { host, port } = client.transport.peer
  return { name, peer_host: host, peer_port: port }
}
