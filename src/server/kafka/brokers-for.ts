// The brokers that a client is told of: this one and, in a cluster, all others that take clients in.
import type { NodeEndpoint } from '../../codec/kafka/messages/fetch.gen.ts'
import type { KafkaSettings } from './kafka-context.ts'
import type { RequestContext } from './request-context.ts'

/** With addresses of the kind that the client came by. */
export function brokersFor({ client, settings }: RequestContext): NodeEndpoint[] {
  const { nodeId, otherBrokers } = settings
  const { host, port } = client.advertised
  const others = otherBrokers().flatMap((other) => {
    const address = client.isSecure ? other.secure : other.plain
    return address ? [{ nodeId: other.nodeId, ...address, rack: null }] : []
  })
  return [{ nodeId, host, port, rack: null }, ...others].toSorted(
    (left, right) => left.nodeId - right.nodeId,
  )
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
