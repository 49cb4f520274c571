// What beside the topics themselves the cells of a cluster have in common for Kafka's clients: settings and quotas, share
// groups, and what the home shows of partitions that others lead. The home has it, and the others follow and tell it.
import type { Topics } from '../../broker/topic/topics.ts'
import type { Cell } from '../../cell/cell.ts'
import type { Logger } from '../../lib/logger.ts'
import { clusterHttpLimits } from '../../limits/cluster.ts'
import { CallError } from '../calls/call-error.ts'
import type { CallHandlers, CountsArgs } from '../calls/calls.ts'
import type { CellCalls } from '../calls/cell-calls.ts'
import { partitionHandlers } from '../calls/partition-calls.ts'
import { shareElsewhere, shareHandlers } from '../calls/share-calls.ts'
import { LeaderAsker } from './leader-asker.ts'
import { SettingsBoard } from './settings-board.ts'
import { SettingsFollower } from './settings-follower.ts'
import { CountsTeller, TopicCounts } from './topic-counts.ts'

export interface SharedKafkaParts {
  readonly number: number
  readonly epoch: number
  readonly cell: Cell
  readonly topics: Topics
  readonly calls: CellCalls
  readonly isHome: boolean
  /** The cell that is the home. */
  readonly homeNumber: () => number | undefined
  readonly logger: Logger
}

type Shared =
  | 'settings.follow'
  | 'topics.counts'
  | Extract<keyof CallHandlers, `shares.${string}` | `partitions.${string}`>

export class SharedKafka implements AsyncDisposable {
  readonly handlers: Pick<CallHandlers, Shared>
  readonly #parts: SharedKafkaParts
  readonly #stack = new AsyncDisposableStack()

  constructor(parts: SharedKafkaParts) {
    const { cell, topics, isHome, epoch, calls } = parts
    const { broker } = cell
    const { clock, settings } = broker
    this.#parts = parts
    const home = isHome
      ? {
          board: this.#stack.use(new SettingsBoard({ settings, epoch, clock })),
          counts: new TopicCounts(topics),
        }
      : undefined
    if (isHome) broker.leaders = new LeaderAsker(calls, clock)
    else this.#follow()
    this.handlers = {
      ...shareHandlers(cell.shareGroups),
      ...partitionHandlers(broker, topics),
      'settings.follow': async (args, { signal }) => {
        if (home === undefined) throw notHome()
        return { content: await home.board.follow(args, signal) }
      },
      'topics.counts': async (args) => {
        if (home === undefined) throw notHome()
        home.counts.note(args)
        return { content: {} }
      },
    }
  }

  /** To be waited for before clients come. */
  connect(): Promise<void> {
    const { cell, calls, homeNumber } = this.#parts
    return cell.shareGroups.connect(shareElsewhere(calls, homeNumber))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }

  #follow(): void {
    const { cell, topics, number, epoch, calls, homeNumber, logger } = this.#parts
    const { broker } = cell
    const { clock } = broker
    const home = (): number => {
      const known = homeNumber()
      if (known === undefined) throw new CallError('unreachable', 'nobody has the topics')
      return known
    }
    this.#stack.use(
      new SettingsFollower({
        broker,
        clock,
        logger,
        ask: async (args, signal) => {
          const { content } = await calls.call(home(), 'settings.follow', args, {
            signal,
            msMax: 2 * clusterHttpLimits.topicsFollowMs,
          })
          return content
        },
      }),
    )
    const tell = async (args: CountsArgs): Promise<void> => {
      await calls.call(home(), 'topics.counts', args)
    }
    this.#stack.use(new CountsTeller({ cell: number, epoch, topics, clock, tell }))
  }
}

function notHome(): CallError {
  return new CallError('refused', 'the cell is not the home of topics', { code: 'not-home' })
}
