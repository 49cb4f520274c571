// A message to a queue with rules: what its publisher was told, what consumers saw of it and did with it.
// There is one of it at any moment, in whichever queue the rules have brought it to.
import type { RuleQueue } from './rule-plan.ts'

/** A channel that deliveries are for. */
export interface LetterHolder {
  readonly name: string
  /** The broker may have taken back what it holds. */
  readonly mayHaveLost: boolean
  /** The broker has let it go for certain. */
  readonly isGone: boolean
}

/** What a client did with a delivery. Sent: it may have happened. Done: it has, and a crash may undo it. */
export interface LetterDeed {
  readonly kind: 'ack' | 'reject' | 'requeue'
  readonly holder: LetterHolder
  readonly queue: RuleQueue
  /** How often the message had been rejected in that queue. */
  readonly rejectsBefore: number
  /** When it was sent, in ms. */
  readonly atMs: number
  /** Life of the broker that it was sent to. */
  readonly epoch: number
  state: 'sent' | 'done' | 'durable'
}

/** The last delivery. */
export interface Sight {
  readonly queue: RuleQueue
  /** With the queue it tells one stay there from the next. */
  readonly deaths: string
  readonly deathCount: number
  readonly deliveryCount: number
  readonly epoch: number
  readonly holder: LetterHolder
  deed: LetterDeed | undefined
}

export interface LetterPlan {
  readonly id: string
  readonly queue: RuleQueue
  readonly size: number
  readonly priority?: number
  /** Its own time to live. */
  readonly expirationMs?: number
  readonly delayMs?: number
}

export class Letter {
  readonly plan: LetterPlan
  /** In ms, as all times here. */
  readonly sentAtMs: number
  confirmedAtMs: number = Infinity
  fate: 'sent' | 'confirmed' | 'refused' = 'sent'
  /** By the name of the queue, how often a client rejected it there. */
  readonly rejects: Map<string, number> = new Map()
  /** Those of which the broker's answer is not yet history. */
  readonly deeds: LetterDeed[] = []
  sight: Sight | undefined
  /** Where the last client has found it. */
  drainedFrom: string | undefined

  constructor(plan: LetterPlan, sentAtMs: number) {
    this.plan = plan
    this.sentAtMs = sentAtMs
  }

  get id(): string {
    return this.plan.id
  }

  /** A client may have taken it for good: what is rejected where nothing dies is gone, too. */
  get mayBeSettled(): boolean {
    return this.deeds.some(({ kind, queue }) => kind === 'ack' || endsHere(kind, queue))
  }

  toString(): string {
    const deeds = this.deeds.map(({ kind, holder, state }) => `${kind} ${holder.name} ${state}`)
    return `letter ${this.id} to ${this.plan.queue.name} (${this.fate}) [${deeds.join(', ')}]`
  }
}

function endsHere(kind: LetterDeed['kind'], { deadLetter, isRuled }: RuleQueue): boolean {
  return kind === 'reject' && deadLetter === undefined && isRuled !== true
}
