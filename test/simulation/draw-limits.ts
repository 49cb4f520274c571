// Limits of the broker made small, so that what is rare happens often. They are objects that all of the
// product shares: a run changes them and puts them back.
import { brokerLimits } from '../../src/limits/broker.ts'
import { clientLimits } from '../../src/limits/clients.ts'
import { crossingLimits } from '../../src/limits/crossing.ts'
import { kafkaLimits } from '../../src/limits/kafka.ts'
import { logLimits } from '../../src/limits/log.ts'
import { memoryLimits } from '../../src/limits/memory.ts'
import { topicLimits } from '../../src/limits/topic.ts'
import { KiB } from '../../src/limits/units.ts'
import type { Draw } from './draw.ts'

const areas: Readonly<Record<Area, object>> = {
  broker: brokerLimits,
  clients: clientLimits,
  crossing: crossingLimits,
  kafka: kafkaLimits,
  log: logLimits,
  memory: memoryLimits,
  topic: topicLimits,
}

type Area = 'broker' | 'clients' | 'crossing' | 'kafka' | 'log' | 'memory' | 'topic'

type Some<Names extends PropertyKey> = Readonly<Partial<Record<Names, number>>>

/** Other values for some limits of each area. */
export interface Limits {
  readonly broker: Some<keyof typeof brokerLimits>
  readonly clients: Some<keyof typeof clientLimits>
  readonly crossing: Some<keyof typeof crossingLimits>
  readonly kafka: Some<keyof typeof kafkaLimits>
  readonly log: Some<keyof typeof logLimits>
  readonly memory: Some<keyof typeof memoryLimits>
  readonly topic?: Some<keyof typeof topicLimits>
}

export function drawLimits(draw: Draw): Limits {
  const maybe = (choices: readonly number[]): number => draw.oneOf(choices)
  const walFileSizeMax = maybe([32 * KiB, 128 * KiB, 1024 * KiB])
  return {
    clients: {
      outputSizeMax: maybe([2 * KiB, 64 * KiB, 1024 * KiB]),
      outputSlabSizeMax: maybe([1 * KiB, 64 * KiB]),
      copiedBodySizeMax: maybe([256, 16 * KiB]),
      parkedSizeMax: maybe([4 * KiB, 64 * KiB, 4096 * KiB]),
    },
    broker: {
      dispatchPerTurnMax: maybe([3, 64, 1024]),
      dispatchBetweenLooks: maybe([1, 64]),
      deliveredMarkAhead: maybe([2, 32, 4096]),
      deliveredMarkAheadMax: maybe([64, 4096]),
    },
    crossing: {
      decodedAtOnceSizeMax: maybe([1 * KiB, 1024 * KiB]),
      crossedAtOnceWorkMax: maybe([4, 2000]),
      crossedPartSizeMax: maybe([512, 512 * KiB]),
      crossedPartWorkMax: maybe([3, 8192]),
      filteredOffsetsMax: maybe([5, 65_536]),
      copiedPerTurnMax: maybe([512, 1024 * KiB]),
      crossedRunsSizeMax: maybe([4 * KiB, 32 * 1024 * KiB]),
    },
    kafka: {
      fetchAnswerSizeMax: maybe([4 * KiB, 8192 * KiB]),
      fetchedAtOnceMax: maybe([1, 500]),
      kafkaRequestsInFlightMax: maybe([2, 100]),
      fetchSessionsMax: maybe([1, 1000]),
      kafkaIdleMsMax: 60_000,
      kafkaIdleCheckMs: 5000,
      kafkaRequestRoomInitial: maybe([256, 2048 * KiB]),
    },
    log: {
      commitSizeMax: maybe([2 * KiB, 64 * KiB, 4096 * KiB]),
      runSizeMax: maybe([1 * KiB, 16 * KiB, 256 * KiB]),
      volatileRunSizeMax: maybe([512, 64 * KiB]),
      sharedBodySizeMin: maybe([64, 512]),
      inlineBodySizeMax: maybe([2 * KiB, 16 * KiB, 1024 * KiB]),
      ackedRunsPerChunkMax: maybe([2, 512]),
      uncommittedSizeMax: maybe([4 * KiB, 128 * KiB, 8192 * KiB]),
      walFileSizeMax,
      tailCacheSizeMax: maybe([4 * KiB, 128 * KiB, 20 * 1024 * KiB]),
      coldReadSizeMax: maybe([1 * KiB, 256 * KiB]),
      coldDrainReadSizeMax: maybe([2 * KiB, 1024 * KiB]),
      coldRunsReadSizeMax: maybe([2 * KiB, 1024 * KiB]),
      coldWindowsSizeMax: maybe([8 * KiB, 32 * 1024 * KiB]),
      coldRunsSizeMax: maybe([4 * KiB, 16 * 1024 * KiB]),
      checkpointSliceSizeMax: maybe([256, 128 * KiB]),
      indexCacheSizeMax: maybe([1 * KiB, 8192 * KiB]),
      survivorCommitSizeMax: maybe([4 * KiB, 1024 * KiB]),
      deleteStepSize: maybe([16 * KiB, 4096 * KiB]),
      reserveSizeMax: 64 * KiB,
      spareFillStepSize: maybe([16 * KiB, 256 * KiB]),
      asideCacheSizeMax: maybe([8 * KiB, 16 * 1024 * KiB]),
      asideCacheCountMin: maybe([1, 4]),
      volatileMemoryMax: maybe([2 * KiB, 64 * KiB, 32 * 1024 * KiB]),
      sequentialReadSize: maybe([8 * KiB, 1024 * KiB]),
      diskFreeMin: walFileSizeMax,
      topologyTailSizeMax: maybe([1 * KiB, 8 * KiB, 256 * KiB]),
      topologyPieceSizeMax: maybe([512, 128 * KiB]),
    },
    memory: {
      freePagesSizeMax: maybe([0, 8192 * KiB]),
      crcPerTurnMax: maybe([1 * KiB, 2048 * KiB]),
    },
  }
}

/** Puts limits in force until the result is disposed of. */
export function enforceLimits(limits: Limits): Disposable {
  const names = Object.keys(areas) as Area[]
  const before = names.map((name) => ({ ...areas[name] }))
  for (const name of names) Object.assign(areas[name], limits[name])
  return {
    [Symbol.dispose]: () => {
      for (const [at, name] of names.entries()) Object.assign(areas[name], before[at] ?? {})
    },
  }
}
