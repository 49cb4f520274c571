// Waits for news of partitions that a cell leads: that more records are stable, that retention has passed some.
import type { Clock, Timer } from '../../lib/clock.ts'
import { spreadLimits } from '../../limits/spread.ts'
import type { Partition } from '../topic/partition.ts'
import { factsOf } from './facts-of.ts'
import type { PartitionId, WatchArgs, WatchResult } from './record-calls.ts'

interface WatchContext {
  readonly clock: Clock
  readonly find: (id: PartitionId) => Partition | undefined
}

/** Resolves with news, at once when there are some; without any when the time is over or nobody waits any more. */
export function watchPartitions(
  context: WatchContext,
  args: WatchArgs,
  signal: AbortSignal,
): Promise<WatchResult> {
  const changed = newsOf(context, args)
  if (changed.length > 0 || args.waitMs === 0 || signal.aborted) return Promise.resolve({ changed })
  return new Promise((resolve) => {
    const wait = new Wait(context, args, (result) => {
      signal.removeEventListener('abort', onAbort)
      resolve(result)
    })
    const onAbort = (): void => wait.end()
    signal.addEventListener('abort', onAbort)
  })
}

class Wait {
  readonly #context: WatchContext
  readonly #args: WatchArgs
  readonly #done: (result: WatchResult) => void
  readonly #partitions: readonly Partition[]
  readonly #timer: Timer
  #isLooking = false
  #isEnded = false

  constructor(context: WatchContext, args: WatchArgs, done: (result: WatchResult) => void) {
    this.#context = context
    this.#args = args
    this.#done = done
    this.#partitions = args.known.flatMap(([topicId, number]) => {
      return context.find({ topicId, number }) ?? []
    })
    for (const partition of this.#partitions) partition.addListener(this.#onDurable)
    this.#timer = context.clock.after(args.waitMs, () => this.end())
  }

  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#timer.stop()
    for (const partition of this.#partitions) partition.removeListener(this.#onDurable)
    this.#done({ changed: newsOf(this.#context, this.#args) })
  }

  /** Of several that become durable together all are told. */
  readonly #onDurable = (): void => {
    if (this.#isLooking) return
    this.#isLooking = true
    this.#context.clock.atEndOfTurn(() => {
      this.#isLooking = false
      if (!this.#isEnded && newsOf(this.#context, this.#args).length > 0) this.end()
    })
  }
}

function newsOf({ find }: WatchContext, { known }: WatchArgs): WatchResult['changed'] {
  const changed: WatchResult['changed'][number][] = []
  for (const [topicId, number, end, start] of known) {
    const partition = find({ topicId, number })
    const isSame = partition?.lastStableOffset === end && partition.startOffset === start
    if (isSame) continue
    if (partition === undefined) changed.push([topicId, number, null, []])
    else changed.push([topicId, number, factsOf(partition), hiddenIn(partition, end)])
  }
  return changed
}

/** Markers and aborted batches that are in memory: nobody reads the disk for counts. */
function hiddenIn({ log, transactions }: Partition, end: number): [number, number][] {
  if (transactions === undefined || end < 0) return []
  const hidden: [number, number][] = []
  const runs = log.tail.slice(log.findInTail(end), log.tail.length)
  for (const run of runs) {
    if (run.lastOffset >= log.stableEnd || hidden.length >= spreadLimits.hiddenToldMax) break
    if (!log.shows(run)) hidden.push([run.baseOffset, run.lastOffset])
  }
  return hidden
}
