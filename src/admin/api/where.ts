// Where an operation is answered in a cluster. Without one it means nothing: there is one node, which has everything.
import type { Duplex } from 'node:stream'
import type { Context } from 'hono'
import type { Directory, KnownNode } from '../../cluster/directory.ts'
import type { Caller } from './caller.ts'

/**
 * - `vhost`: by the cell of the virtual host that the path names. What is left out means this.
 * - `node`: by any node, from itself: its health, its settings, who asks.
 * - `named-node`: by the node that the path names.
 * - `lead`: by the node that has the first cell, from itself: what is above cells, so that whoever changes it and looks at
 *   it through different nodes sees the change.
 * - `first`: by the first cell: what Kafka's clients have, and what all cells share.
 * - a way: by several of them, or by what the request says.
 */
export type Where = 'vhost' | 'node' | 'named-node' | 'lead' | 'first' | ClusterWay

/** How a request is answered that is for more than one, or whose path does not say for which. */
export interface ClusterWay {
  answer(request: ClusterRequest, cluster: ClusterDoor): Promise<Response>
}

/** A request at the node that a client has asked. */
export interface ClusterRequest {
  readonly method: string
  /** As the client wrote it, from `/api` on, with its query. */
  readonly url: string
  readonly headers: Headers
  /** Undefined for operations that are open. */
  readonly caller: Caller | undefined
  /** Ends when the client is gone. */
  readonly signal: AbortSignal
  /** Parts of the path, decoded. */
  readonly names: Readonly<Record<string, string>>
  /** Of the request; who reads the body from here cannot pass it on. */
  readonly context: Context
}

/** Whose API is asked. */
export type Target = { readonly cell: number } | { readonly node: number }

/** What is asked of one of them. */
export interface Asked extends Pick<ClusterRequest, 'method' | 'url' | 'caller' | 'signal'> {
  readonly headers: Headers | Readonly<Record<string, string>>
  readonly body?: ReadableStream<Uint8Array> | string | null
  /** Only so many of a list, as lines of JSON, behind a line with its counts. */
  readonly listed?: number | undefined
  /** Of the client: ended where it takes nothing of an answer. */
  readonly socket?: Duplex | undefined
}

/** How long somebody waits. */
export interface Patience {
  /** For somebody who has the cell. */
  readonly ownerMs: number
  /** For the head of the answer; left out, for as long as the client does. */
  readonly headMs?: number
}

/** The way to the APIs of cells and nodes, wherever they are. */
export interface ClusterDoor {
  readonly directory: Directory
  /** Never rejects: what cannot be reached in time is answered with 503. */
  ask(target: Target, asked: Asked, patience?: Patience): Promise<Response>
  /**
   * Gives a virtual host a cell, if it has none: that with the fewest. Undefined when there are too many. Rejects when
   * PostgreSQL does not answer. `directory` knows it from then on.
   */
  placeVHost(name: string): Promise<number | undefined>
  /** It has no cell any more. Rejects as `placeVHost`. */
  removeVHost(name: string): Promise<void>
  /** Cells go from the node, or may come to it again. Rejects as `placeVHost`. */
  drain(node: KnownNode, isDraining: boolean): Promise<void>
  /** The node is known no more; false when it is there again, or owns a cell still. Rejects as `placeVHost`. */
  forget(node: KnownNode): Promise<boolean>
  /** Nodes may have the cell again. Rejects as `placeVHost`. */
  reopen(cell: number): Promise<void>
}
