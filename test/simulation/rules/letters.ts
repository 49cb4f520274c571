// All letters of a run, and what the last client finds of them: each that was confirmed is in one queue, unless
// a client settled it or a rule ended it.
import type { History } from '../model/history.ts'
import { Letter, type LetterDeed, type LetterHolder, type LetterPlan } from './letter.ts'
import type { RuleQueue } from './rule-plan.ts'
import { RuleWays } from './rule-ways.ts'

interface Suspect {
  readonly holder: LetterHolder
  readonly what: string
}

export class Letters {
  readonly ways: RuleWays
  readonly history: History
  readonly #byId = new Map<string, Letter>()
  #suspects: Suspect[] = []

  constructor(queues: readonly RuleQueue[], history: History) {
    this.ways = new RuleWays(queues)
    this.history = history
  }

  newId(): string {
    return `r${this.#byId.size + 1}`
  }

  add(plan: LetterPlan, nowMs: number): Letter {
    const letter = new Letter(plan, nowMs)
    this.#byId.set(plan.id, letter)
    return letter
  }

  /** The letter that a client got from a queue. */
  get(id: string | undefined, queue: RuleQueue): Letter {
    const letter = this.#byId.get(id ?? '')
    if (letter === undefined) throw this.history.fail(`${queue.name} has letter '${id}' of nobody`)
    return letter
  }

  /** A publisher was told that a letter is in its queue for good. */
  onConfirmed(letter: Letter, nowMs: number): void {
    letter.fate = 'confirmed'
    letter.confirmedAtMs = nowMs
    const { queue } = letter.plan
    if (!mayRefuse(queue) || queue.isConsumed) return
    const count = this.#countOf(queue, ({ fate }) => fate === 'confirmed')
    if (count <= (queue.lengthMax ?? Infinity)) return
    throw this.history.fail(`${queue.name} has taken ${count} letters, the last ${String(letter)}`)
  }

  /** A publisher was told that there is no room. */
  onRefused(letter: Letter): void {
    letter.fate = 'refused'
    const { queue } = letter.plan
    const { lengthMax } = queue
    if (!mayRefuse(queue) || lengthMax === undefined) {
      throw this.history.fail(`${String(letter)} was refused`)
    }
    // Those that were not refused are there, or may be.
    const count = this.#countOf(queue, ({ fate }) => fate !== 'refused')
    if (count >= lengthMax) return
    throw this.history.fail(`${String(letter)} was refused, and there are only ${count} others`)
  }

  /** When all is quiet: whoever has lost a letter to somebody else must be gone. */
  suspect(holder: LetterHolder, what: string): void {
    this.#suspects.push({ holder, what })
  }

  checkSuspects(): void {
    for (const { holder, what } of this.#suspects.splice(0)) {
      if (!holder.isGone) throw this.history.fail(`${what}, and ${holder.name} is there`)
    }
  }

  /** The broker has died: what was not on the disk is undone or in doubt. */
  onCrash(): void {
    this.#suspects = []
    this.#eachDeed((deed) => {
      if (deed.state === 'done') deed.state = 'sent'
    })
  }

  /** The broker has stopped in good order. */
  onStop(): void {
    this.#suspects = []
    this.#eachDeed((deed) => {
      // A dead letter that waited for room on the disk has not gone yet, and is where it was.
      if (deed.state === 'done') deed.state = deed.kind === 'reject' ? 'sent' : 'durable'
    })
  }

  /** The last client has emptied all queues. */
  checkDrained(): void {
    for (const letter of this.#byId.values()) {
      const mayBeGone = letter.mayBeSettled || this.ways.mayBeDropped(letter)
      if (letter.fate !== 'confirmed' || letter.drainedFrom !== undefined || mayBeGone) continue
      const reached = [...this.ways.reach(letter)].map(({ name }) => name).join(', ')
      throw this.history.fail(`${String(letter)} is lost: it is in none of ${reached}`)
    }
  }

  #countOf(queue: RuleQueue, isWanted: (letter: Letter) => boolean): number {
    let count = 0
    for (const letter of this.#byId.values()) {
      if (letter.plan.queue === queue && isWanted(letter)) count++
    }
    return count
  }

  #eachDeed(action: (deed: LetterDeed) => void): void {
    for (const { deeds } of this.#byId.values()) for (const deed of deeds) action(deed)
  }
}

function mayRefuse({ overflow }: RuleQueue): boolean {
  return overflow === 'reject-publish' || overflow === 'reject-publish-dlx'
}
