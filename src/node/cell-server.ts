// A cell of a cluster that this node owns, open, with what serves it.
import type { Users } from '../auth/users.ts'
import { defaultVHost } from '../broker/broker.ts'
import type { SharedAccess } from '../broker/shared-access.ts'
import { Cell } from '../cell/cell.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Logger } from '../lib/logger.ts'
import type { CellTable } from '../log/cluster/cell-table.ts'
import type { AmqpServer } from '../server/amqp/amqp-server.ts'
import type { CallHandlers } from './calls/calls.ts'
import { spreadTransactions } from './calls/transaction-calls.ts'
import { cellOptionsOf } from './cell-options.ts'
import { CellVHosts } from './cell-vhosts.ts'
import { lendParts } from './lend-parts.ts'
import type { NodeFrame } from './node-frame.ts'
import { openAmqp } from './open-amqp.ts'
import { openKafka, type OpenedKafka } from './open-kafka.ts'
import { openMqtt, type OpenedMqtt } from './open-mqtt.ts'
import { openStomp, type OpenedStomp } from './open-stomp.ts'
import type { ProtocolParts, ProtocolServer } from './protocol-server.ts'
import type { ServedCell } from './served-cells.ts'
import { CellSpread, type SpreadParts } from './spread/cell-spread.ts'

export interface CellServerParts {
  readonly frame: NodeFrame
  readonly cluster: Cluster
  readonly users: Users
  readonly sharedAccess: SharedAccess
  readonly spread: SpreadParts
  /** The cell cannot go on here. */
  readonly onFailed: (error: Error) => void
}

/** A cell that has just become this node's. */
export interface ClaimedCell {
  readonly cell: number
  readonly table: CellTable
}

export class CellServer implements ServedCell {
  readonly cell: number
  readonly epoch: number
  readonly parts: ProtocolParts
  readonly amqp: AmqpServer
  readonly kafka: OpenedKafka
  readonly mqtt: OpenedMqtt
  readonly stomp: OpenedStomp
  readonly handlers: CallHandlers
  readonly #opened: Cell
  readonly #cluster: Cluster
  readonly #vhosts: CellVHosts
  readonly #logger: Logger
  readonly #stack: AsyncDisposableStack

  private constructor({ cell, table }: ClaimedCell, opened: Opened, parts: CellServerParts) {
    this.cell = cell
    this.epoch = table.epoch
    this.#opened = opened.cell
    this.#cluster = parts.cluster
    this.#vhosts = opened.vhosts
    this.#logger = parts.frame.logger
    this.#stack = opened.stack
    this.parts = opened.parts
    this.amqp = opened.amqp
    this.kafka = opened.kafka
    this.mqtt = opened.mqtt
    this.stomp = opened.stomp
    this.handlers = opened.handlers
  }

  /** Rejects as `Cell.open`; then nothing of it is left here. */
  static async open(claimed: ClaimedCell, parts: CellServerParts): Promise<CellServer> {
    const { frame, cluster, users, sharedAccess, onFailed } = parts
    const { cell: number, table } = claimed
    const vhosts = new CellVHosts({ shared: cluster.shared, cell: number })
    const stack = new AsyncDisposableStack()
    try {
      const disk = stack.use(await cluster.openDisk(number, table))
      const { options, clock, random, turn, logger, batchWorker } = frame
      const cell = await Cell.open(
        {
          ...cellOptionsOf(options),
          kind: disk.doors,
          syncDelayMs: 0,
          data: cluster.folderOf(number),
          vhosts: vhosts.names,
          nodeId: cluster.directory.self.node,
          sharedAccess,
          number,
          hasNoDefaultVHost: cluster.shared.vhosts.get(defaultVHost) !== number,
        },
        {
          clock,
          random,
          turn,
          logger,
          batchWorker,
          onFailed,
          blocked: frame.blocked,
          spreadTransactions: spreadTransactions(parts.spread.calls, () =>
            cluster.shared.vhosts.get(defaultVHost),
          ),
        },
      )
      stack.use(cell)
      stack.defer(frame.memory.guard(cell.broker))
      const lent = lendParts(frame, { cell, users, sharedVHosts: vhosts }, stack)
      const spread = stack.use(
        new CellSpread({ ...parts.spread, ...parts, number, epoch: table.epoch, cell }),
      )
      await spread.connect()
      cell.begin()
      const kafka = stack.use(openKafka(lent.parts, spread.kafka))
      const amqp = openAmqp(lent.parts)
      stack.use(amqp)
      const stomp = stack.use(openStomp(lent.parts))
      const mqtt = stack.use(await openMqtt(lent.parts))
      // No group may lose a member because its connection is closed.
      stack.defer(() => cell.rest())
      stack.defer(async () => (await lent.demo())?.close())
      stack.defer(() => lent.parts.streams.endAll('another node serves it from now on'))
      const { handlers } = spread
      const served = { kafka, amqp: amqp.server, mqtt, stomp, handlers }
      const opened = {
        cell,
        stack,
        vhosts,
        ...served,
        parts: { ...lent.parts, spread: spread.kafka },
      }
      const server = new CellServer(claimed, opened, parts)
      server.adoptVHosts()
      await cell.broker.goOnWithJobs()
      return server
    } catch (error) {
      await stack.disposeAsync()
      throw error
    }
  }

  /** Whether clients of Kafka may wait for it that another cell has let in: it has all topics, or leads partitions. */
  get leadsPartitions(): boolean {
    const { broker } = this.#opened
    if (this.#cluster.shared.vhosts.get(defaultVHost) === this.cell) return true
    const [first] = broker.topicsOf(broker.getVHost(defaultVHost)).seen(false)
    return first?.topic?.numbers !== undefined
  }

  /** Virtual hosts have come: those of this cell are there from now on. */
  addVHosts(): void {
    const { broker } = this.#opened
    for (const name of this.#vhosts.names) broker.vhosts.add(name)
  }

  /** What was made here and nobody knows of is this cell's: all that is above cells may be younger. */
  adoptVHosts(): void {
    const { shared } = this.#cluster
    for (const name of this.#opened.broker.vhostNames) {
      if (name === defaultVHost || shared.vhosts.has(name)) continue
      shared.placeVHost(name, this.cell).catch((error: unknown) => {
        this.#logger.warn({ err: error, vhost: name }, 'A virtual host has no cell yet')
      })
    }
  }

  /** Another node is to have it: clients are told to come back, and all that was accepted becomes durable. */
  async close(reason: string): Promise<void> {
    this.parts.streams.endAll(reason)
    const protocols: readonly Pick<ProtocolServer, 'endClients'>[] = [
      this.amqp,
      this.kafka,
      this.mqtt,
      this.stomp,
    ]
    await Promise.all(protocols.map(async (protocol) => protocol.endClients?.(reason)))
    await this.#stack.disposeAsync()
  }

  /** Another node has it: nothing of it goes on here. */
  async abandon(): Promise<void> {
    this.#opened.abandon()
    await this.close('another node has taken over')
  }
}

interface Opened {
  readonly cell: Cell
  readonly vhosts: CellVHosts
  readonly stack: AsyncDisposableStack
  readonly parts: ProtocolParts
  readonly amqp: AmqpServer
  readonly kafka: OpenedKafka
  readonly mqtt: OpenedMqtt
  readonly stomp: OpenedStomp
  readonly handlers: CallHandlers
}
