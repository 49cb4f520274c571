// What a node of a cluster answers from itself: it has a cell of its own, in memory, that knows the names of all virtual hosts
// and has nothing in them.
import type { Users } from '../auth/users.ts'
import type { SharedAccess } from '../broker/shared-access.ts'
import { Cell } from '../cell/cell.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { cellOptionsOf } from './cell-options.ts'
import { lendParts } from './lend-parts.ts'
import type { NodeFrame } from './node-frame.ts'
import type { ProtocolParts } from './protocol-server.ts'

export interface OwnPartsOptions {
  readonly frame: NodeFrame
  readonly cluster: Cluster
  readonly users: Users
  readonly sharedAccess: SharedAccess
}

export class OwnParts implements AsyncDisposable {
  readonly parts: ProtocolParts
  readonly #cluster: Cluster
  readonly #stack: AsyncDisposableStack

  private constructor(parts: ProtocolParts, cluster: Cluster, stack: AsyncDisposableStack) {
    this.parts = parts
    this.#cluster = cluster
    this.#stack = stack
  }

  static async open({ frame, cluster, users, sharedAccess }: OwnPartsOptions): Promise<OwnParts> {
    const { options, clock, random, turn, logger, batchWorker } = frame
    const stack = new AsyncDisposableStack()
    try {
      const cell = await Cell.open(
        {
          ...cellOptionsOf(options),
          kind: 'memory',
          data: options.data,
          syncDelayMs: 0,
          vhosts: [...cluster.shared.vhosts.keys()],
          sharedAccess,
        },
        { clock, random, turn, logger, batchWorker, onFailed: () => undefined },
      )
      stack.use(cell)
      stack.defer(frame.memory.guard(cell.broker))
      const { parts } = lendParts(frame, { cell, users }, stack)
      parts.statistics.start()
      stack.defer(() => cell.rest())
      return new OwnParts(parts, cluster, stack)
    } catch (error) {
      await stack.disposeAsync()
      throw error
    }
  }

  /** Virtual hosts have come or gone. */
  followVHosts(): void {
    const { vhosts } = this.parts.cell.broker
    const known = this.#cluster.shared.vhosts
    for (const name of known.keys()) vhosts.add(name)
    for (const name of vhosts.names) if (!known.has(name)) vhosts.remove(name)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }
}
