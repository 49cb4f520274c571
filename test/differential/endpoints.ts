// Where a broker is reached.
import type { RequestOptions } from 'node:http'

export interface Endpoints {
  /** With the name and password of an administrator. */
  readonly amqp: string
  /** Where the management API is; undefined when nobody asks for it. */
  /** Undefined when nobody speaks STOMP to it. */
  readonly stompPort?: number
  readonly management: Pick<RequestOptions, 'host' | 'port' | 'socketPath'> | undefined
}
