// What a seed stands for: which clients there are, what goes wrong and how often, how small the limits are.
// Each seed draws its own mix, so that many seeds together try what one mix would try once in a year.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { drawLimits, type Limits } from './draw-limits.ts'
import { Draw } from './draw.ts'
import { type LedgerPlan, ledgerOf, limitsWithLedger } from './ledger/ledger-plan.ts'
import type { MachinePlan } from './machine/machine.ts'
import { drawParcels, hasParcels, type ParcelPlan } from './parcels/parcel-plan.ts'
import { drawRules, hasRules, type RulePlan } from './rules/rule-plan.ts'

export interface FaultPlan {
  /** Mean time between two troubles of any kind, in ms. */
  readonly pauseMs: number
  /** How often each kind comes, in proportion to the others. */
  readonly weights: Readonly<Record<FaultKind, number>>
}

export type FaultKind =
  | 'kill'
  | 'power'
  | 'stop'
  | 'reset'
  | 'vanish'
  | 'deaf'
  | 'illness'
  | 'fullness'

export interface ClientPlan {
  readonly publishers: number
  readonly consumers: number
  readonly getters: number
  readonly declarers: number
  readonly transactors: number
  readonly streamReaders: number
  readonly producers: number
  readonly idempotentProducers: number
  readonly fetchers: number
  readonly administrators: number
  readonly members: number
}

export interface Plan {
  readonly seed: number
  /** How long clients work before everything is put right, in ms. */
  readonly durationMs: number
  readonly network: {
    readonly latencyMsMax: number
    readonly pieceSizeMax: number
    readonly windowSize: number
  }
  readonly machine: MachinePlan
  /** Longest time that a turn of the event loop keeps the processor busy, in ms. */
  readonly busyMsMax: number
  readonly faults: FaultPlan
  readonly clients: ClientPlan
  /** Queues by whose rules messages move, and their clients. */
  readonly rules: RulePlan | undefined
  /** Transactions of Kafka and a compacted topic, and their clients. */
  readonly ledger: LedgerPlan | undefined
  /** Queues that have a message once, or again, and their clients. */
  readonly parcels: ParcelPlan | undefined
  readonly queueCount: number
  readonly exchangeCount: number
  readonly topicCount: number
  readonly streamCount: number
  /** Longest rest of a client between two steps, in ms. */
  readonly restMsMax: number
  readonly bodySizeMax: number
  readonly limits: Limits
}

export function drawPlan(seed: number): Plan {
  const draw = new Draw(seededRandom(seed ^ 0x5eed))
  const hasKafka = draw.chance(0.7)
  const engine = draw.chance(0.15) ? 'memory' : 'file'
  return {
    seed,
    durationMs: draw.between(2000, 12_000),
    network: drawNetwork(draw),
    machine: {
      engine,
      disk: {
        latencyMsMax: draw.oneOf([0.2, 2, 20]),
        slowRate: draw.oneOf([0, 0, 0.01, 0.1]),
        slowMsMax: draw.oneOf([50, 500, 3000]),
        capacity: Infinity,
      },
      commitMsMax: draw.oneOf([0, 5, 50, 500]),
      lookMsMax: draw.oneOf([0, 0, 0.1, 2]),
      threadDeathRate: draw.oneOf([0, 0, 0.1]),
      options: { profile: seed % 4 === 0 ? 'throughput' : 'latency' },
    },
    busyMsMax: draw.oneOf([0, 0.1, 1, 10]),
    faults: {
      pauseMs: draw.oneOf([200, 1000, 4000, Infinity]),
      weights: {
        // Without a disk there is nothing to come back to.
        kill: engine === 'file' ? draw.weight(3) : 0,
        power: engine === 'file' ? draw.weight(2) : 0,
        stop: engine === 'file' ? draw.weight(1) : 0,
        reset: draw.weight(3),
        vanish: draw.weight(1),
        deaf: draw.weight(2),
        illness: engine === 'file' ? draw.weight(2) : 0,
        fullness: engine === 'file' ? draw.weight(1) : 0,
      },
    },
    clients: {
      publishers: draw.between(1, 5),
      consumers: draw.between(0, 5),
      getters: draw.between(0, 2),
      declarers: draw.between(0, 2),
      transactors: draw.between(0, 2),
      streamReaders: draw.between(0, 2),
      producers: hasKafka ? draw.between(0, 3) : 0,
      idempotentProducers: hasKafka ? draw.between(0, 3) : 0,
      fetchers: hasKafka ? draw.between(0, 3) : 0,
      administrators: hasKafka ? draw.between(1, 2) : 0,
      members: hasKafka ? draw.between(0, 4) : 0,
    },
    ledger: ledgerOf(seed),
    rules: hasRules(seed) ? drawRules(seed) : undefined,
    parcels: hasParcels(seed) ? drawParcels(seed) : undefined,
    queueCount: draw.between(1, 5),
    exchangeCount: draw.between(1, 3),
    topicCount: draw.between(1, 3),
    streamCount: draw.between(0, 2),
    restMsMax: draw.oneOf([5, 50, 500]),
    bodySizeMax: draw.oneOf([100, 1000, 20_000]),
    limits: { ...drawLimits(draw), ...limitsWithLedger(ledgerOf(seed)) },
  }
}

/** A line is slow or cut into small pieces, not both: a large message must not take half a minute. */
function drawNetwork(draw: Draw): Plan['network'] {
  const latencyMsMax = draw.oneOf([0.1, 2, 20, 200])
  const isFar = latencyMsMax > 2
  return {
    latencyMsMax,
    pieceSizeMax: draw.oneOf(isFar ? [16_384, 262_144] : [64, 1024, 16_384, 262_144]),
    windowSize: draw.oneOf(isFar ? [65_536, 262_144] : [1024, 16_384, 262_144]),
  }
}
