import type { WebSocketProtocol } from '../server/websocket/sub-protocols.ts'
import type { PortKey } from '../settings/settings.ts'

/** One port of a protocol. */
export interface Service {
  /** As its setting, the ready file and the log name it: `amqp` for --amqp-port. */
  readonly name: string
  /** How its address is written for people. */
  readonly scheme: string
  readonly setting: PortKey
  readonly isTls: boolean
  /** Its clients speak this protocol within WebSocket. */
  readonly webSocket?: WebSocketProtocol
}
