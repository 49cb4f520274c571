import type { Directory } from '../../cluster/directory.ts'
import { clusterLimits } from '../../limits/cluster.ts'

/**
 * How long a cell with clients of Kafka goes on being served before it is given away. Several nodes give cells to one that
 * has come (back), each with the first number of its own: a client that loses its connections to all of them at the same
 * moment takes the cluster for lost. librdkafka then forgets all brokers, and waits for good for the coordinator of a group
 * that was among them.
 */
export function leavingMs({ nodes, self }: Pick<Directory, 'nodes' | 'self'>): number {
  const before = nodes.filter(({ node, isAlive }) => isAlive && node < self.node).length
  return Math.min(before + 1, clusterLimits.leavingTurnsMax) * clusterLimits.leavingTurnMs
}
