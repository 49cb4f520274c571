// The node port on a node of a cluster: clients that other nodes pass on to cells of this one.
import type { Socket } from 'node:net'
import { LinkListener } from '../server/node-link/link-listener.ts'
import type { EdgeParts } from './edge-parts.ts'
import { amqpLinkHandler } from './open-amqp-edge.ts'
import { kafkaLinkHandler } from './open-kafka-edge.ts'
import { mqttLinkHandler } from './open-mqtt-edge.ts'
import { stompLinkHandler } from './open-stomp-edge.ts'
import type { ProtocolServer } from './protocol-server.ts'

export function openNodePort(parts: EdgeParts): ProtocolServer {
  const { frame, cluster, cells, api, cipher, atNodes } = parts
  const { clock, random } = frame
  const logger = frame.logger.child({ area: 'nodes' })
  const listener = new LinkListener({
    secret: cluster.secret,
    handlers: {
      amqp: amqpLinkHandler(cells, logger, atNodes),
      kafka: kafkaLinkHandler(cells, logger),
      mqtt: mqttLinkHandler(cells, logger),
      stomp: stompLinkHandler(cells, logger),
      http: api.takeLink,
    },
    clock,
    random,
    cipher,
    logger,
  })
  return {
    acceptorOf: () => (socket: Socket) => listener.accept(socket),
    async [Symbol.asyncDispose]() {
      listener[Symbol.dispose]()
    },
  }
}
