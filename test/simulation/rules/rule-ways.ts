// Which ways rules leave to a message: where it may be, and whether a rule may have ended it.
import type { Letter } from './letter.ts'
import { policyTtlMsMin } from './policy-choices.ts'
import { deadName, type RuleQueue } from './rule-plan.ts'

export type Reason = 'rejected' | 'expired' | 'maxlen' | 'delivery_limit'

export class RuleWays {
  readonly #queues: ReadonlyMap<string, RuleQueue>

  constructor(queues: readonly RuleQueue[]) {
    this.#queues = new Map(queues.map((queue) => [queue.name, queue]))
  }

  find(name: string): RuleQueue | undefined {
    return this.#queues.get(name)
  }

  /** Where dead letters of a queue go, if they go anywhere. */
  targetOf({ isRuled, deadLetter }: RuleQueue): RuleQueue | undefined {
    // Policies come and go, but all that have a target have this one.
    return this.#queues.get(isRuled === true ? deadName : (deadLetter?.target ?? ''))
  }

  /** Least time that a message spends in a queue before it expires there; undefined when it cannot. */
  ttlOf(queue: RuleQueue, letter: Letter, isFirst: boolean): number | undefined {
    const own = isFirst && queue === letter.plan.queue ? letter.plan.expirationMs : undefined
    const ruled = queue.isRuled === true ? policyTtlMsMin : undefined
    const times = [own, ruled, queue.ttlMs].filter((ms) => ms !== undefined)
    return times.length === 0 ? undefined : Math.min(...times)
  }

  mayDie(queue: RuleQueue, letter: Letter, reason: Reason): boolean {
    switch (reason) {
      case 'rejected':
        return (letter.rejects.get(queue.name) ?? 0) > 0
      case 'expired':
        return this.ttlOf(queue, letter, true) !== undefined
      case 'maxlen':
        return queue.isRuled === true || queue.lengthMax !== undefined
      default:
        // Without another one they have a limit by default.
        return queue.type === 'quorum'
    }
  }

  /** Queues that it may have come to. */
  reach(letter: Letter): ReadonlySet<RuleQueue> {
    const reached = new Set<RuleQueue>()
    let next: RuleQueue | undefined = letter.plan.queue
    while (next !== undefined && !reached.has(next)) {
      const queue: RuleQueue = next
      reached.add(queue)
      const reasons = ['rejected', 'expired', 'maxlen', 'delivery_limit'] as const
      const mayDie = reasons.some((reason) => this.mayDie(queue, letter, reason))
      next = mayDie ? this.targetOf(queue) : undefined
    }
    return reached
  }

  /** A rule may have ended it: it died without a target, or was on its way round for ever. */
  mayBeDropped(letter: Letter): boolean {
    return [...this.reach(letter)].some((queue) => queue.isRuled === true || this.isLap(queue))
  }

  /** Messages die here and come back without anybody's doing. */
  isLap(queue: RuleQueue): boolean {
    let next: RuleQueue | undefined = queue
    for (let steps = 0; next?.ttlMs !== undefined && steps <= this.#queues.size; steps++) {
      next = this.targetOf(next)
      if (next === queue) return true
    }
    return false
  }
}
