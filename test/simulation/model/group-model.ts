// A consumer group as its members know it: generations, who leads them, who has which partitions, and what
// was committed.
import { CommitRegister } from './commit-register.ts'
import type { History } from './history.ts'

interface Generation {
  readonly id: number
  /** Life of the broker that it was seen in. */
  readonly epoch: number
  leader: string | undefined
  /** By member, as the leader has said. */
  assignments: ReadonlyMap<string, string> | undefined
  /** Some member was told its assignment: it survives. */
  isKept: boolean
  readonly seenAt: number
}

/** Who says it, and when the request was sent that was answered so. */
interface Told {
  readonly generation: number
  readonly askedAt: number
  readonly who: string
}

export class GroupModel {
  readonly name: string
  readonly #history: History
  /** In the order in which they were seen. */
  readonly #generations: Generation[] = []
  readonly #registers = new Map<string, CommitRegister>()

  constructor(name: string, history: History) {
    this.name = name
    this.#history = history
  }

  registerOf(topic: string, partition: number): CommitRegister {
    const key = `${topic}/${partition}`
    let register = this.#registers.get(key)
    if (register === undefined) {
      register = new CommitRegister(`${this.name} ${key}`, this.#history)
      this.#registers.set(key, register)
    }
    return register
  }

  /** A member was let into a generation that `leader` leads. */
  onJoined(told: Told, leader: string): void {
    const later = this.#laterThan(told)
    if (later !== undefined) {
      throw this.#history.fail(
        `${told.who} joined generation ${told.generation} of ${this.name} after ${later.id}`,
      )
    }
    const generation = this.#find(told)
    generation.leader ??= leader
    if (generation.leader !== leader) {
      throw this.#history.fail(
        `${this.name} has two leaders in generation ${told.generation}: ${generation.leader}, ${leader}`,
      )
    }
  }

  /** The leader says who has what. */
  onAssigning(told: Told, assignments: ReadonlyMap<string, string>): void {
    this.#find(told).assignments ??= assignments
  }

  /** A member was told what it has. */
  onAssigned(told: Told, memberId: string, assignment: string): void {
    const generation = this.#find(told)
    generation.isKept = true
    const meant = generation.assignments?.get(memberId) ?? ''
    if (assignment === meant) return
    throw this.#history.fail(
      `${told.who} has '${assignment}' in generation ${told.generation} of ${this.name}, not '${meant}'`,
    )
  }

  /** Something was accepted from a member of this generation: there must be no later one. */
  onAccepted(told: Told, what: string): void {
    const later = this.#laterThan(told)
    if (later === undefined) return
    throw this.#history.fail(
      `${told.who} did ${what} in generation ${told.generation} of ${this.name} after ${later.id}`,
    )
  }

  /** A later generation that was known when the request was sent. */
  #laterThan({ generation, askedAt }: Told): Generation | undefined {
    const epoch = this.#history.epochOf(askedAt)
    return this.#generations.find(
      (other) =>
        other.id > generation && other.seenAt <= askedAt && (other.isKept || other.epoch === epoch),
    )
  }

  /** One that nobody was assigned in may come again after a crash, and is another. */
  #find({ generation, askedAt }: Told): Generation {
    const epoch = this.#history.epochOf(askedAt)
    const known = this.#generations.findLast(
      (other) => other.id === generation && (other.isKept || other.epoch === epoch),
    )
    if (known !== undefined) return known
    const made = {
      id: generation,
      epoch,
      leader: undefined,
      assignments: undefined,
      isKept: false,
      seenAt: this.#history.next(),
    }
    this.#generations.push(made)
    return made
  }
}
