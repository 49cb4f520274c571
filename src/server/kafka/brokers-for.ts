// The brokers that a client is told of: this one and, in a cluster, all others that take clients in.
import type { NodeEndpoint } from '../../codec/kafka/messages/fetch.gen.ts'
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
