// What it takes to have a subscription: asked for by SUBSCRIBE, and again when a client comes back to its session.
import { BrokerError } from '../../broker/broker-error.ts'
import { permit, permitTopic } from '../../broker/permit.ts'
import { sessionQueueName } from '../../broker/session/session-queue-names.ts'
import { keyOfTopic } from '../../record/message/published-topic.ts'
import type { MqttContext } from './mqtt-context.ts'
import type { MqttPlace } from './mqtt-peer.ts'

/** As RabbitMQ asks: all of the session's own queue, and to read the exchange and the topic. Throws `access_refused`. */
export function permitSubscription(
  { rights, vhost, session }: MqttPlace,
  { sessions }: MqttContext,
  filter: string,
): void {
  if (rights.isUnrestricted) return
  const { exchange } = sessions
  const queue = { kind: 'queue', name: sessionQueueName(session.clientId) } as const
  permit(rights, 'configure', queue)
  permit(rights, 'write', queue)
  permit(rights, 'read', { kind: 'exchange', name: exchange })
  permit(rights, 'read', queue)
  permitTopic(rights, 'read', vhost, { exchange, routingKey: keyOfTopic(filter) })
}

/** What the user of a session that goes on may have no more is taken away from it. */
export function forbidSubscriptions(place: MqttPlace, context: MqttContext): void {
  if (place.rights.isUnrestricted) return
  const { session, sessions, vhost } = place
  const forbidden = [...session.subscriptions].filter(
    ({ filter }) => !maySubscribe(place, context, filter),
  )
  if (forbidden.length === 0) return
  const filters = forbidden.map(({ text }) => text)
  sessions.forbid(session, filters)
  const facts = { user: session.user, vhost: vhost.name, clientId: session.clientId }
  context.logger.warn(
    { ...facts, filters: filters.slice(0, toldMax), count: filters.length },
    'Subscriptions end that their user may not have any more',
  )
}

const toldMax = 10

function maySubscribe(place: MqttPlace, context: MqttContext, filter: string): boolean {
  try {
    permitSubscription(place, context, filter)
    return true
  } catch (error) {
    if (error instanceof BrokerError) return false
    throw error
  }
}
