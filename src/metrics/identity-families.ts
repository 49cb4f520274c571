// Who the broker is. Dashboards of RabbitMQ join every other family with these two, on `instance` and `job`.
import type { Family } from './family.ts'
import { labelsOf } from './labels.ts'
import type { BrokerIdentity } from './metrics-source.ts'

/** What is asked for, by RabbitMQ's name for it: dashboards choose between them by it. */
export type EndpointName = 'aggregated' | 'per-object' | 'detailed' | 'memory-breakdown'

export function identityFamilies(identity: BrokerIdentity, endpoint: EndpointName): Family[] {
  const { node, cluster, clusterId, version, rabbitVersion, runtime } = identity
  return [
    info('rabbitmq_build_info', 'The RabbitMQ that clients are told, and what it is in truth', {
      rabbitmq_version: rabbitVersion,
      prometheus_plugin_version: rabbitVersion,
      prometheus_client_version: version,
      erlang_version: runtime,
      product_name: 'Pabal',
      product_version: version,
    }),
    info('rabbitmq_identity_info', 'The node and its cluster', {
      rabbitmq_node: node,
      rabbitmq_cluster: cluster,
      rabbitmq_cluster_permanent_id: clusterId,
      rabbitmq_endpoint: endpoint,
    }),
  ]
}

function info(name: string, help: string, labels: Readonly<Record<string, string>>): Family {
  return { name, type: 'unknown', help, samples: () => [{ labels: labelsOf(labels), value: 1 }] }
}
