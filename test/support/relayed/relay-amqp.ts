// A node port and an edge in front of a broker's server of AMQP, in one process: clients that come in by `accept` are
// passed on to it as if it were on another node. Conformance tests run through it with PABAL_TEST_VIA_RELAY=1.
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import type { Users } from '../../../src/auth/users.ts'
import type { Broker } from '../../../src/broker/broker.ts'
import { clusterNameOf } from '../../../src/broker/cluster-name.ts'
import type { MemoryAccount } from '../../../src/broker/memory-account.ts'
import type { Directory, KnownNode } from '../../../src/cluster/directory.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import type { Logger } from '../../../src/lib/logger.ts'
import { systemRandom } from '../../../src/lib/random.ts'
import { AmqpRoutes } from '../../../src/node/amqp-routes.ts'
import { amqpLinkHandler } from '../../../src/node/open-amqp-edge.ts'
import { OwnerRoutes } from '../../../src/node/owner-routes.ts'
import type { ServedCell } from '../../../src/node/served-cells.ts'
import type { AmqpSettings } from '../../../src/server/amqp/amqp-context.ts'
import type { AmqpServer } from '../../../src/server/amqp/amqp-server.ts'
import { AmqpEdge } from '../../../src/server/amqp/edge/amqp-edge.ts'
import { takeOver } from '../../../src/server/byte-source.ts'
import { openLinkCipher } from '../../../src/server/node-link/link-cipher.ts'
import { LinkListener } from '../../../src/server/node-link/link-listener.ts'
import { NodeLinks } from '../../../src/server/node-link/node-links.ts'

export interface RelayedParts {
  readonly server: AmqpServer
  readonly broker: Broker
  readonly users: Users
  readonly memory: MemoryAccount
  readonly logger: Logger
  readonly settings: AmqpSettings
}

export interface RelayedAmqp {
  /** For listeners: takes over accepted sockets. */
  readonly accept: (accepted: Socket) => void
  /** The server is to be closed before. */
  close(): Promise<void>
}

/** No other node has clients. */
const nobodyElse = { enter: () => undefined }

export const isRelayed: boolean = process.env['PABAL_TEST_VIA_RELAY'] === '1'

export async function relayAmqp(parts: RelayedParts): Promise<RelayedAmqp> {
  const { server, broker, logger } = parts
  const secret = Buffer.alloc(32, 1)
  const cipher = openLinkCipher(secret, systemClock)
  const door = { secret, clock: systemClock, random: systemRandom, cipher }
  const served = { cell: 1, epoch: 1, amqp: server } as ServedCell
  const owner = { find: (cell: number) => (cell === 1 ? served : undefined), all: () => [served] }
  const handlers = { amqp: amqpLinkHandler(owner, logger, nobodyElse) }
  const links = new LinkListener({ ...door, handlers, logger })
  const port = createServer({ noDelay: true, pauseOnConnect: true }, links.accept)
  port.listen(0, '127.0.0.1')
  await once(port, 'listening')
  const { port: number } = port.address() as { readonly port: number }
  const directory = directoryOf(broker, number)
  const cells = { find: () => undefined, all: () => [] }
  const owners = new OwnerRoutes({
    directory,
    clock: systemClock,
    cells,
    links: new NodeLinks(door),
  })
  const edge = new AmqpEdge({
    ...parts,
    admission: broker.admission,
    clusterName: () => clusterNameOf(broker),
    clock: systemClock,
    routes: new AmqpRoutes({ directory, owners, cells, atNodes: nobodyElse }),
  })
  return {
    accept: (accepted) => {
      const { socket, source } = takeOver(accepted, true)
      edge.accept(socket, source)
    },
    async close() {
      port.close()
      links[Symbol.dispose]()
      await edge[Symbol.asyncDispose]()
    },
  }
}

function directoryOf(broker: Broker, port: number): Directory {
  const node = (number: number, addresses: KnownNode['addresses']): KnownNode => ({
    node: number,
    name: `node-${number}`,
    incarnation: 1,
    isSelf: number === 0,
    isAlive: true,
    isStopped: false,
    isDraining: false,
    version: '0',
    addresses,
  })
  const owner = node(1, { link: { host: '127.0.0.1', port } })
  const self = node(0, {})
  const vhosts = {
    get: (name: string) => (broker.findVHost(name) === undefined ? undefined : 1),
  } as ReadonlyMap<string, number>
  const cells = [{ cell: 1, epoch: 1, owner, isDown: false }]
  const nothing = (): void => undefined
  const nodes = [self, owner]
  const refresh = (): Promise<void> => Promise.resolve()
  return { clusterId: 't', self, nodes, cells, vhosts, onChange: () => nothing, refresh }
}
