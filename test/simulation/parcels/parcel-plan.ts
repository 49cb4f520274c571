// Queues whose promises are about the same message more than once, as a seed draws them: deduplication lets it
// in once, a rewind brings it back, subscriptions to one stream each have it. All are durable, and so are
// their messages; nothing is dropped or dies.
import { seededRandom } from '../../../src/testing/seeded-random.ts'
import { Draw } from '../draw.ts'

export interface ParcelQueue {
  readonly name: string
  readonly type: 'classic' | 'quorum' | 'stream'
  /** Where clients publish what goes here; undefined for a subscription, whose source they publish to. */
  readonly entry?: ParcelEntry
  /** A message with the same id goes in once. */
  readonly isOnce?: boolean
  /** Clients take messages out while there is trouble. */
  readonly isConsumed?: boolean
  /** It keeps what was acked, and is rewound. */
  readonly isKept?: boolean
  readonly source?: string
  /** Messages per second that come in. */
  readonly rate?: number
}

export interface ParcelEntry {
  readonly exchange: '' | typeof onceExchange
  readonly routingKey: string
}

export interface ParcelPlan {
  readonly queues: readonly ParcelQueue[]
  readonly publishers: number
  readonly consumers: number
  readonly rewinders: number
  /** Those that change how fast all clients may publish. */
  readonly pacers: number
}

/** Deduplicates; leads to one queue. */
export const onceExchange = 'parcels-exchange'

export const onceArguments = { 'x-cache-size': 100_000 } as const
/** Longer than any run. */
const retentionMs = 1_000_000_000

/** What a queue is declared with. */
export function argumentsOf(
  queue: ParcelQueue,
): Readonly<Record<string, string | number | boolean>> {
  const { type, entry, isOnce, isKept, source, rate } = queue
  return {
    'x-queue-type': type,
    // Without it a queue gives up what comes back too often.
    ...(type === 'quorum' && { 'x-delivery-limit': -1 }),
    ...(isOnce === true && entry?.exchange === '' && { 'x-message-deduplication': true }),
    ...(isKept === true && { 'x-retention-ms': retentionMs }),
    ...(source !== undefined && { 'x-source': source, 'x-source-offset': 'first' }),
    ...(rate !== undefined && { 'x-max-publish-rate': rate }),
  }
}

/** Whether a seed is for parcels, too. */
export function hasParcels(seed: number): boolean {
  return seededRandom(seed ^ 0x9a_4ce1).next() < 0.4
}

export function drawParcels(seed: number): ParcelPlan {
  const draw = new Draw(seededRandom(seed ^ 0x0009_a4ce))
  return {
    queues: drawGroups(draw).flat(),
    publishers: draw.between(1, 3),
    consumers: draw.between(0, 3),
    rewinders: draw.between(0, 2),
    pacers: draw.between(0, 1),
  }
}

/** Some of the groups, one at least. */
function drawGroups(draw: Draw): readonly ParcelQueue[][] {
  const groups = [onceGroup(draw), presentGroup(draw), keptGroup(draw), sourceGroup(draw)]
  const chosen = groups.filter(() => draw.chance(0.5))
  return chosen.length === 0 ? [draw.oneOf(groups)] : chosen
}

function onceGroup(draw: Draw): ParcelQueue[] {
  const entry = { exchange: onceExchange, routingKey: '' } as const
  return [{ name: 'parcels-once', type: drawType(draw), entry, isOnce: true, ...drawRate(draw) }]
}

function presentGroup(draw: Draw): ParcelQueue[] {
  const name = 'parcels-present'
  const entry = entryOf(name)
  return [{ name, type: drawType(draw), entry, isOnce: true, ...drawRate(draw) }]
}

function keptGroup(draw: Draw): ParcelQueue[] {
  const name = 'parcels-kept'
  const use = { entry: entryOf(name), isConsumed: true, isKept: true }
  return [{ name, type: drawType(draw), ...use, ...drawRate(draw) }]
}

function sourceGroup(draw: Draw): ParcelQueue[] {
  const source = 'parcels-stream'
  const subscriptions = Array.from({ length: draw.between(1, 3) }, (_, at): ParcelQueue => ({
    name: `parcels-subscription-${at}`,
    type: drawType(draw),
    isConsumed: draw.chance(0.7),
    source,
  }))
  return [{ name: source, type: 'stream', entry: entryOf(source) }, ...subscriptions]
}

function entryOf(queue: string): ParcelEntry {
  return { exchange: '', routingKey: queue }
}

function drawType(draw: Draw): 'classic' | 'quorum' {
  return draw.oneOf(['classic', 'quorum'] as const)
}

/** Some are so slow that publishers wait most of the time. */
function drawRate(draw: Draw): { readonly rate?: number } {
  return draw.chance(0.4) ? { rate: draw.oneOf([10, 100, 2000]) } : {}
}
