// The queues by whose rules messages move and go, as a seed draws them: dead letters, times to live, lengths,
// delivery limits, delays, policies. Each has one way to die, or a few, so that clients can tell from what they
// see whether a rule was kept. All are durable, and so are their messages.
import { seededRandom } from '../../../src/testing/seeded-random.ts'
import { Draw } from '../draw.ts'

export type Overflow = 'drop-head' | 'reject-publish' | 'reject-publish-dlx'

export interface RuleQueue {
  readonly name: string
  readonly type: 'classic' | 'quorum'
  /** Clients publish to it; else only dead letters come. */
  readonly isEntry: boolean
  /** Clients take messages out of it while there is trouble. */
  readonly isConsumed: boolean
  /** Messages come to it through the exchange that delays them. */
  readonly isDelayed?: boolean
  /** It has no rules of its own: policies give it some. */
  readonly isRuled?: boolean
  readonly highestPriority?: number
  readonly ttlMs?: number
  readonly lengthMax?: number
  readonly overflow?: Overflow
  readonly deliveryLimit?: number
  readonly retry?: RetryDelay
  readonly deadLetter?: DeadLetterPlan
}

/** How long a message that was given back waits: the lower time for each time. */
export interface RetryDelay {
  readonly minMs: number
  readonly maxMs: number
}

export interface DeadLetterPlan {
  readonly exchange: '' | typeof gravesName | typeof allGravesName
  /** Name of the queue that dead letters go to. */
  readonly target: string
}

export interface RulePlan {
  readonly queues: readonly RuleQueue[]
  readonly publishers: number
  readonly consumers: number
  readonly getters: number
  /** Those that set and delete policies. */
  readonly rulers: number
  /** Those that leave queues unused until they expire. */
  readonly idlers: number
}

/** Direct: by the name of the queue. */
export const gravesName = 'rules-graves'
/** Fanout: to `deadName`, whatever the key. */
export const allGravesName = 'rules-all-graves'
/** Delays messages; direct, by the name of the queue. */
export const laterName = 'rules-later'
/** Where messages end that died. */
export const deadName = 'rules-dead'
/** What policies are set for. */
export const ruledPattern = '^rules-ruled'

/** Longest times that a plan draws, in ms: after all of them nothing moves by itself any more. */
export const ruleTimes = { delayMsMax: 2000, ttlMsMax: 1500, retryMsMax: 1000 }

/** Whether a seed is for rules, too. */
export function hasRules(seed: number): boolean {
  return seededRandom(seed ^ 0x0f_dead).next() < 0.7
}

export function drawRules(seed: number): RulePlan {
  const draw = new Draw(seededRandom(seed ^ 0x0dead))
  return {
    queues: drawQueues(draw),
    publishers: draw.between(1, 2),
    consumers: draw.between(0, 3),
    getters: draw.between(0, 2),
    rulers: draw.between(0, 2),
    idlers: draw.between(0, 1),
  }
}

/** Some groups of queues, and where their messages end. */
function drawQueues(draw: Draw): RuleQueue[] {
  const groups = [...groupsOfConsumers(draw), ...groupsOfLengths(draw), ...groupsOfTimes(draw)]
  const chosen = groups.filter(() => draw.chance(0.6))
  const dead = { name: deadName, type: 'classic', isEntry: draw.chance(0.3) } as const
  return [...chosen.flat(), { ...dead, isConsumed: draw.chance(0.5) }]
}

/** Messages die when consumers do not take them, or wait and come back. */
function groupsOfConsumers(draw: Draw): RuleQueue[][] {
  const entry = { isEntry: true, isConsumed: true }
  const minMs = draw.between(20, ruleTimes.retryMsMax / 2)
  const retry = { minMs, maxMs: draw.between(minMs, ruleTimes.retryMsMax) }
  const limit = { deliveryLimit: draw.between(1, 4), ...(draw.chance(0.5) && { retry }) }
  const wait = {
    name: 'rules-wait',
    type: drawType(draw),
    isEntry: false,
    isConsumed: draw.chance(0.3),
    ttlMs: drawTtl(draw),
  }
  return [
    [{ ...entry, name: 'rules-plain', type: drawType(draw), deadLetter: drawToDead(draw) }],
    [
      {
        ...entry,
        ...limit,
        name: 'rules-limited',
        type: 'quorum',
        deadLetter: drawToDead(draw),
      },
    ],
    [
      {
        ...entry,
        name: 'rules-work',
        type: drawType(draw),
        deadLetter: drawTo(draw, 'rules-wait'),
      },
      { ...wait, deadLetter: drawTo(draw, 'rules-work') },
    ],
    [{ ...entry, name: 'rules-ruled', type: 'quorum', isRuled: true }],
  ]
}

function groupsOfLengths(draw: Draw): RuleQueue[][] {
  const drawFull = (): Omit<RuleQueue, 'name' | 'isConsumed' | 'overflow'> => ({
    type: drawType(draw),
    isEntry: true,
    lengthMax: draw.between(1, 12),
    deadLetter: drawToDead(draw),
  })
  const isConsumed = draw.chance(0.5)
  const refusal = draw.oneOf(['reject-publish', 'reject-publish-dlx'] as const)
  return [
    [{ ...drawFull(), name: 'rules-short', isConsumed, overflow: 'drop-head' }],
    [{ ...drawFull(), name: 'rules-full', isConsumed: false, overflow: refusal }],
  ]
}

function groupsOfTimes(draw: Draw): RuleQueue[][] {
  const isLeveled = draw.chance(0.3)
  const lap = (name: string, target: string): RuleQueue => ({
    name,
    type: drawType(draw),
    isEntry: name === 'rules-lap',
    isConsumed: name !== 'rules-lap' && draw.chance(0.5),
    ttlMs: drawTtl(draw),
    deadLetter: drawTo(draw, target),
  })
  return [
    [
      {
        name: 'rules-fleeting',
        type: isLeveled ? 'classic' : drawType(draw),
        isEntry: true,
        isConsumed: draw.chance(0.5),
        ttlMs: drawTtl(draw),
        ...(isLeveled && { highestPriority: 3 }),
        deadLetter: drawToDead(draw),
      },
    ],
    [lap('rules-lap', 'rules-lap-back'), lap('rules-lap-back', 'rules-lap')],
    [
      {
        name: 'rules-due',
        type: drawType(draw),
        isEntry: true,
        isConsumed: true,
        isDelayed: true,
        deadLetter: drawToDead(draw),
      },
    ],
  ]
}

function drawType(draw: Draw): RuleQueue['type'] {
  return draw.oneOf(['classic', 'quorum'] as const)
}

function drawTtl(draw: Draw): number {
  return draw.between(1, ruleTimes.ttlMsMax)
}

function drawToDead(draw: Draw): DeadLetterPlan {
  return { exchange: draw.oneOf(['', gravesName, allGravesName] as const), target: deadName }
}

function drawTo(draw: Draw, target: string): DeadLetterPlan {
  return { exchange: draw.oneOf(['', gravesName] as const), target }
}
