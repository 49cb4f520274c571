// Subscriptions of MQTT's sessions as RabbitMQ shows them: as bindings from the exchange that messages by topic are
// published to. They are their clients': nobody unbinds them here.
import type { OwnSubscription } from '../../broker/session/own-subscriptions.ts'
import { clientIdOfQueue } from '../../broker/session/session-queue-names.ts'
import type { Session } from '../../broker/session/session.ts'
import type { Sessions } from '../../broker/session/sessions.ts'
import type { SharedGroup } from '../../broker/session/shared-group.ts'
import type { VHostSessions } from '../../broker/session/vhost-sessions.ts'
import { emptyTable, table } from '../../record/message/field-table.ts'
import { keyOfTopic } from '../../record/message/published-topic.ts'
import type { BindingIn } from './binding-json.ts'

/** Of all queues of sessions and groups of a virtual host. */
export function* subscriptionBindings(sessions: Sessions, vhost: string): Generator<BindingIn> {
  const own = sessions.find(vhost)
  if (own === undefined) return
  for (const session of own.all.values()) yield* bindingsOfSession(session, sessions.exchange)
  for (const group of own.groups) yield bindingOfGroup(group, sessions.exchange)
}

/** Of one queue. */
export function* subscriptionBindingsTo(
  sessions: Sessions,
  { vhost, queue }: { readonly vhost: string; readonly queue: string },
): Generator<BindingIn> {
  const own = sessions.find(vhost)
  const session = own && sessionOf(own, queue)
  const group = own?.groups.find(queue)
  if (session !== undefined) yield* bindingsOfSession(session, sessions.exchange)
  if (group !== undefined) yield bindingOfGroup(group, sessions.exchange)
}

function sessionOf({ all }: VHostSessions, queue: string): Session | undefined {
  const clientId = clientIdOfQueue(queue)
  const session = clientId === undefined ? undefined : all.get(clientId)
  return session?.queue?.name === queue ? session : undefined
}

/** Those of QoS 0 go past the queue, and have no binding. */
function* bindingsOfSession(
  { vhost, queue, subscriptions }: Session,
  source: string,
): Generator<BindingIn> {
  if (queue === undefined) return
  for (const subscription of subscriptions) {
    if (subscription.share !== undefined || subscription.options.qos === 0) continue
    yield {
      vhost,
      source,
      destinationType: 'queue',
      destination: queue.name,
      ...keyAndArguments(subscription),
      isSubscription: true,
    }
  }
}

function keyAndArguments({
  filter,
  options,
}: OwnSubscription): Pick<BindingIn, 'routingKey' | 'arguments'> {
  const routingKey = keyOfTopic(filter)
  const { id, qos, noLocal, retainAsPublished, retainHandling } = options
  return {
    routingKey,
    arguments: table({
      'x-mqtt-subscription-opts': {
        ...(id !== undefined && { id }),
        qos,
        'no-local': noLocal,
        'retain-as-published': retainAsPublished,
        'retain-handling': retainHandling,
      },
      'x-binding-key': routingKey,
    }),
  }
}

function bindingOfGroup({ queue, filter }: SharedGroup, source: string): BindingIn {
  return {
    vhost: queue.vhost,
    source,
    destinationType: 'queue',
    destination: queue.name,
    routingKey: keyOfTopic(filter),
    arguments: emptyTable,
    isSubscription: true,
  }
}
