// What a cell of a cluster does for topics that are spread over cells: the home keeps them and tells the others, those
// follow it, and all answer the calls of other nodes.
import { defaultVHost } from '../../broker/broker.ts'
import type { Topics } from '../../broker/topic/topics.ts'
import type { Cell } from '../../cell/cell.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import { clusterHttpLimits } from '../../limits/cluster.ts'
import { takeOver } from '../../server/byte-source.ts'
import type { KafkaHome } from '../../server/kafka/kafka-home.ts'
import type { LedTopics } from '../../server/kafka/led-topics.ts'
import { CallError } from '../calls/call-error.ts'
import type { CallHandlers } from '../calls/calls.ts'
import type { CellCalls } from '../calls/cell-calls.ts'
import { recordCallsOf } from '../calls/record-calls-of.ts'
import { recordHandlers } from '../calls/record-handlers.ts'
import { transactionHandlers } from '../calls/transaction-calls.ts'
import type { NodeFrame } from '../node-frame.ts'
import type { OwnerRoutes } from '../owner-routes.ts'
import type { KafkaSpread } from './kafka-spread.ts'
import { mayBeSpread, servedCell } from './leaders.ts'
import { SharedKafka } from './shared-kafka.ts'
import { TopicBoard } from './topic-board.ts'
import { TopicFollower } from './topic-follower.ts'

/** What the node has for all of its cells. */
export interface SpreadParts {
  readonly led: LedTopics
  readonly calls: CellCalls
  readonly owners: Pick<OwnerRoutes, 'find' | 'isCurrent' | 'onChange'>
}

export interface CellSpreadParts extends SpreadParts {
  readonly number: number
  readonly epoch: number
  readonly cell: Cell
  readonly cluster: Pick<Cluster, 'directory' | 'shared'>
  readonly frame: Pick<NodeFrame, 'clock' | 'logger' | 'options'>
}

export class CellSpread implements AsyncDisposable {
  readonly handlers: CallHandlers
  readonly kafka: KafkaSpread
  readonly #parts: CellSpreadParts
  readonly #topics: Topics
  readonly #shared: SharedKafka
  readonly #stack = new AsyncDisposableStack()

  constructor(parts: CellSpreadParts) {
    const { cell, cluster, number, led } = parts
    const { directory } = cluster
    const { broker } = cell
    this.#parts = parts
    this.#topics = broker.topicsOf(broker.getVHost(defaultVHost))
    const isHome = this.#homeNumber === number
    const board = isHome ? this.#openBoard() : undefined
    if (board === undefined) this.#follow()
    else this.#connectRecords()
    this.#shared = this.#stack.use(this.#openShared(isHome))
    this.handlers = {
      ...recordHandlers(broker, this.#topics),
      ...this.#shared.handlers,
      'topics.follow': async (args, { signal }) => {
        if (board === undefined) throw notHome(number)
        return { content: await board.follow(args, signal) }
      },
      ...transactionHandlers(cell, this.#topics),
    }
    this.kafka = {
      led,
      directory,
      home: isHome ? undefined : { open: (facts) => this.#openHome(facts) },
      // One that has not heard of the topic may have another one of its name.
      ownerOf: (each, topicId) => {
        const served = servedCell(directory, each)
        const isReady = served !== undefined && board?.isFollowed(served, topicId) === true
        return isReady ? served.owner?.node : undefined
      },
      spread: () => this.#spread(),
      whenFollowed: () => board?.whenFollowed() ?? Promise.resolve(),
    }
  }

  /** To be waited for before clients come. */
  connect(): Promise<void> {
    return this.#shared.connect()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }

  get #homeNumber(): number | undefined {
    return this.#parts.cluster.shared.vhosts.get(defaultVHost)
  }

  #openShared(isHome: boolean): SharedKafka {
    const { number, epoch, cell, calls, frame } = this.#parts
    return new SharedKafka({
      number,
      epoch,
      cell,
      calls,
      isHome,
      topics: this.#topics,
      homeNumber: () => this.#homeNumber,
      logger: frame.logger.child({ area: 'kafka', cell: number }),
    })
  }

  #openBoard(): TopicBoard {
    const { epoch, frame, cluster, number } = this.#parts
    const servedCells = (): number[] =>
      cluster.directory.cells.flatMap(({ cell, owner }) =>
        owner === undefined || cell === number ? [] : [cell],
      )
    return this.#stack.use(
      new TopicBoard({ topics: this.#topics, epoch, clock: frame.clock, servedCells }),
    )
  }

  /** Records and messages of partitions that other cells lead. */
  #connectRecords(): void {
    const { cell, calls, frame } = this.#parts
    cell.broker.spread?.connect(recordCallsOf(calls), {
      onAway: (away, error) => {
        frame.logger.warn(
          { err: error, cell: away },
          `Cell ${away} does not answer: readers of its partitions wait, and so do messages on their way there`,
        )
      },
      onBack: (back) => frame.logger.info({ cell: back }, `Cell ${back} answers again`),
      onTrouble: (error) => {
        frame.logger.warn({ err: error }, 'Messages to another cell have to wait')
      },
    })
  }

  #follow(): void {
    const { number, epoch, cell, frame, calls } = this.#parts
    const { store } = cell.broker
    const msMax = clusterHttpLimits.topicsFollowMs + clusterHttpLimits.callMs
    this.#stack.use(
      new TopicFollower({
        cell: number,
        epoch,
        topics: this.#topics,
        ask: async (args, signal) => {
          const home = this.#homeNumber
          if (home === undefined) throw new CallError('unreachable', 'nobody has the topics')
          return (await calls.call(home, 'topics.follow', args, { signal, msMax })).content
        },
        sizeOf: ({ log }) => store.sizeOf(log),
        onDeleting: (topic) => cell.shareGroups.onTopicDeleted(topic),
        clock: frame.clock,
        logger: frame.logger.child({ area: 'kafka' }),
      }),
    )
  }

  #spread(): number {
    const { cluster, frame } = this.#parts
    const { directory } = cluster
    const { kafkaSpread } = frame.options
    if (kafkaSpread === false) return 0
    return mayBeSpread(directory, kafkaSpread === true) ? directory.cells.length : 0
  }

  async #openHome(facts: object): ReturnType<KafkaHome['open']> {
    const { owners } = this.#parts
    const route = await owners.find(() => this.#homeNumber, { protocol: 'kafka', facts })
    // Where it has come to this node the client finds it when it comes again.
    if (route.kind !== 'elsewhere') return undefined
    const stopListening = owners.onChange(() => {
      if (!owners.isCurrent(route)) route.socket.destroy()
    })
    const link = takeOver(route.socket)
    link.socket.once('close', stopListening)
    return link
  }
}

function notHome(cell: number): CallError {
  return new CallError('refused', `cell ${cell} does not keep the topics`, { code: 'not-home' })
}
