// What a node says of itself in its row, as others read it: another version may say less, or more.
import type { NodeRow } from '../log/cluster/ownership/observation.ts'
import type { NodeAddresses } from './directory.ts'

export interface NodeInfo {
  readonly version: string
  readonly addresses: NodeAddresses
  readonly isStopped: boolean
}

export function readNodeInfo(text: string): NodeInfo {
  try {
    const info = JSON.parse(text) as Partial<NodeInfo>
    const { version = '', addresses = {}, isStopped = false } = info
    return { version, addresses, isStopped }
  } catch {
    return { version: '', addresses: {}, isStopped: false }
  }
}

/**
 * Whether clients of Kafka can come to the node. Any cell may lead partitions, which clients produce to and fetch from
 * at its owner and nowhere else.
 */
export function takesKafka({ info }: Pick<NodeRow, 'info'>): boolean {
  const { kafka, kafkaTls } = readNodeInfo(info).addresses
  return (kafka ?? kafkaTls) !== undefined
}
