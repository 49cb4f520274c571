// What this node knows of the cluster: who is there, who owns which cell, which cell has which virtual host. It is
// as old as the last heartbeat; whoever acts on it may be wrong, and finds out from the node that it asked.
import type { Address } from '../lib/listen.ts'

/** Where a node is reached; what it does not serve is left out. */
export interface NodeAddresses {
  /** For other nodes. */
  readonly link?: Address
  readonly amqp?: Address
  readonly amqpTls?: Address
  readonly kafka?: Address
  readonly kafkaTls?: Address
  readonly http?: Address
}

/** A node of the cluster, as the others see it. */
export interface KnownNode {
  /** The same for a name, whenever it starts again. It is Kafka's broker id as well. */
  readonly node: number
  readonly name: string
  readonly incarnation: number
  readonly isSelf: boolean
  /** Its heartbeat has risen within the time to live. */
  readonly isAlive: boolean
  /** Since when it is not, on this process's clock; left out where this process has never seen it alive. */
  readonly goneAt?: number
  /** It has given all of its cells away and ended, as it was asked to. */
  readonly isStopped: boolean
  readonly isDraining: boolean
  /** Of Pabal. */
  readonly version: string
  readonly addresses: NodeAddresses
}

/** A cell and who serves it. */
export interface KnownCell {
  readonly cell: number
  /** Rises with each owner. */
  readonly epoch: number
  /** Undefined while nobody has it. */
  readonly owner: KnownNode | undefined
  /** Its owners crashed too often: see `pabal cluster reopen`. */
  readonly isDown: boolean
}

export interface Directory {
  readonly clusterId: string
  readonly self: KnownNode
  /** All that were ever there and were not removed, by number. */
  readonly nodes: readonly KnownNode[]
  /** By number. */
  readonly cells: readonly KnownCell[]
  /** Virtual host → cell, of all virtual hosts of the cluster. */
  readonly vhosts: ReadonlyMap<string, number>
  /** Told after each change of any of this, once a turn. Returns how to end that. */
  onChange(listener: () => void): () => void
  /** Somebody found that this is old: look again at once. Resolves when that is done, or could not be. */
  refresh(): Promise<void>
}
