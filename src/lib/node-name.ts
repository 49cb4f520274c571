// Names of nodes as RabbitMQ has them.
import { hostname } from 'node:os'

/** Of a broker without a cluster; scripts ask for `rabbit@` and the short name of their host. */
export const hostNodeName: string = `rabbit@${hostname().split('.', 1)[0]}`

/** Of a node of a cluster, which has a name of its own. */
export function nodeNameOf(name: string): string {
  return `rabbit@${name}`
}
