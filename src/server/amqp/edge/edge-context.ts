// What a node needs to let AMQP clients in whose virtual host may be served elsewhere.
import type { Socket } from 'node:net'
import type { MemoryAccount } from '../../../broker/memory-account.ts'
import type { SendWatch } from '../../send-watch.ts'
import type { AmqpServer } from '../amqp-server.ts'
import type { Handover } from '../handover.ts'
import type { HandshakeContext } from '../handshake.ts'

/** Where a virtual host is served at this moment. */
export type Route =
  | { readonly kind: 'here'; readonly server: Pick<AmqpServer, 'adopt' | 'mayEnter'> }
  | RouteElsewhere
  /** The cluster has no such virtual host. */
  | { readonly kind: 'no-vhost' }
  /** Nobody serves it, and nobody has begun to within the time that clients wait. */
  | { readonly kind: 'down' }
  /** Its owner takes no clients now. */
  | { readonly kind: 'no-memory' }

/** On another node, which has taken the client and expects what it says beginning with connection.open. */
export interface RouteElsewhere {
  readonly kind: 'elsewhere'
  readonly socket: Socket
  readonly cell: number
  readonly epoch: number
  /** For people. */
  readonly nodeName: string
}

export interface Routes {
  /** Finds who serves `vhost` and, where that is another node, brings the client there. */
  find(vhost: string, handover: Handover): Promise<Route>
  /** Whether the cell still has the owner that a client was brought to. */
  isCurrent(route: Pick<RouteElsewhere, 'cell' | 'epoch'>): boolean
  /** Told when `isCurrent` may have changed. Returns how to end that. */
  onChange(listener: () => void): () => void
}

export interface EdgeParts extends Omit<HandshakeContext, 'admission'> {
  /** Of the node: whether new clients may take memory. */
  readonly admission: HandshakeContext['admission'] & { readonly mayEnter: boolean }
  readonly memory: MemoryAccount
  readonly routes: Routes
}

export interface EdgeContext extends EdgeParts {
  readonly sendWatch: SendWatch
}
