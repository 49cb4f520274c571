// What a node lends to those who serve one of its cells.
import type { Users } from '../auth/users.ts'
import type { SharedVHosts } from '../broker/access-keeper.ts'
import { MessageStreams } from '../broker/browse/message-streams.ts'
import { Leases } from '../broker/lease/leases.ts'
import { Statistics } from '../broker/statistics/statistics.ts'
import type { Cell } from '../cell/cell.ts'
import { countEverything } from './count-everything.ts'
import type { Demo } from './demo.ts'
import { metricsOf } from './metrics-of.ts'
import type { NodeFrame } from './node-frame.ts'
import type { ProtocolParts } from './protocol-server.ts'

export interface LentParts {
  readonly parts: ProtocolParts
  /** The demo, if somebody has asked for it. */
  readonly demo: () => Promise<Demo> | undefined
}

/** What is made for the cell ends with `stack`. */
export function lendParts(
  frame: NodeFrame,
  { cell, users, sharedVHosts }: ServedWith,
  stack: AsyncDisposableStack,
): LentParts {
  const { clients, clock, memory } = frame
  const { broker } = cell
  let demo: Promise<Demo> | undefined
  const figures = () => frame.figures(broker.shortage.reason)
  const lent = {
    cell,
    users,
    sharedVHosts,
    memory: memory.account,
    inputBudget: memory.inputBudget,
    clients,
    statistics: stack.use(new Statistics({ broker, clients, clock })),
    options: frame.options,
    clock,
    random: frame.random,
    turn: frame.turn,
    gate: frame.gate,
    logger: frame.logger,
    batchWorker: frame.batchWorker,
    addresses: frame.addresses,
    status: () => ({ ...figures(), ...countEverything(broker, clients) }),
    figures,
    maintenance: frame.maintenance,
    openDemo: () => {
      demo ??= import('./demo.ts').then(({ Demo }) => new Demo(parts))
      return demo
    },
    countFiles: frame.doors.countFiles,
    origins: frame.origins,
    audit: frame.audit,
    leases: stack.use(new Leases({ broker, clients })),
    streams: new MessageStreams(broker),
    live: frame.live,
    webSockets: frame.webSockets,
  }
  const metrics = metricsOf(lent, frame.lag, () => frame.processStatus())
  const parts: ProtocolParts = { ...lent, metrics }
  return { parts, demo: () => demo }
}

export interface ServedWith {
  readonly cell: Cell
  readonly users: Users
  /** Where virtual hosts have cells. */
  readonly sharedVHosts?: SharedVHosts | undefined
}
