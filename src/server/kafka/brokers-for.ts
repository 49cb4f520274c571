// The brokers that a client is told of: this one and, in a cluster, all others that take clients in. No two of them have
// the same id.
import type { NodeEndpoint } from '../../codec/kafka/messages/fetch.gen.ts'
import type { KafkaSettings, OtherBroker } from './kafka-context.ts'
import type { RequestContext } from './request-context.ts'

/** With addresses of the kind that the client came by. */
export function brokersFor({ client, settings }: RequestContext): NodeEndpoint[] {
  const { nodeId, otherBrokers } = settings
  const { host, port } = client.advertised
  const others = endpointsOf(otherBrokers(), client)
  return [{ nodeId, host, port, rack: null }, ...others].toSorted(byId)
}

/**
 * With those that have gone a moment ago, for clients that only use the brokers that lead something. librdkafka forgets
 * a broker that is not told of, but goes on waiting for it as the coordinator of a group: `send_offsets_to_transaction`
 * would never come back (confluentinc/librdkafka#5511). One whose address another broker has by now is left out.
 */
export function brokersAndLateFor(context: RequestContext): NodeEndpoint[] {
  const { client, settings } = context
  const brokers = brokersFor(context)
  const late = endpointsOf(settings.lateBrokers(), client).filter(
    ({ host, port }) => !brokers.some((known) => known.host === host && known.port === port),
  )
  return [...brokers, ...late].toSorted(byId)
}

function endpointsOf(
  brokers: readonly OtherBroker[],
  { isSecure }: RequestContext['client'],
): NodeEndpoint[] {
  return brokers.flatMap(({ nodeId, plain, secure }) => {
    const address = isSecure ? secure : plain
    return address ? [{ nodeId, ...address, rack: null }] : []
  })
}

function byId(left: NodeEndpoint, right: NodeEndpoint): number {
  return left.nodeId - right.nodeId
}

/** Their ids, this one's first. */
export function brokerIds({ nodeId, otherBrokers }: KafkaSettings): number[] {
  return [nodeId, ...otherBrokers().map((other) => other.nodeId)]
}

/**
 * Whether the client asks another broker than this for what it has, and is to hear of nothing: clients ask every
 * broker for its groups, transactions and folders, and add up. Where all brokers have one address nobody can ask this
 * one itself, so all tell everything.
 */
export function isAskedElsewhere(context: RequestContext): boolean {
  if (!context.client.isPassedOn) return false
  const addresses = brokersFor(context).map(({ host, port }) => `${host}:${port}`)
  return new Set(addresses).size === addresses.length
}
