// A consumer group as its members know it: generations, who leads them, who has which partitions, and what
// was committed.
import { CommitRegister } from './commit-register.ts'
import type { History } from './history.ts'

export interface Generation {
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

/** Who says something, and when the request was sent that was answered so. */
interface Told {
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
  onJoined(id: number, leader: string, told: Told): Generation {
    const later = this.#laterThan(id, told)
    if (later !== undefined) {
      throw this.#history.fail(
        `${told.who} joined generation ${id} of ${this.name} after ${later.id}`,
      )
    }
    const generation = this.#find(id, told)
    generation.leader ??= leader
    if (generation.leader !== leader) {
      throw this.#history.fail(
        `${this.name} has two leaders in generation ${id}: ${generation.leader}, ${leader}`,
      )
    }
    return generation
  }

  /** A member was told what it has. */
  onAssigned(
    generation: Generation,
    member: { id: string; who: string },
    assignment: string,
  ): void {
    generation.isKept = true
    const meant = generation.assignments?.get(member.id) ?? ''
    if (assignment === meant) return
    throw this.#history.fail(
      `${member.who} has '${assignment}' in generation ${generation.id} of ${this.name}, not '${meant}'`,
    )
  }

  /** Something was accepted from a member of this generation: there must be no later one. */
  onAccepted(generation: Generation, what: string, told: Told): void {
    const later = this.#laterThan(generation.id, told)
    if (later === undefined) return
    throw this.#history.fail(
      `${told.who} did ${what} in generation ${generation.id} of ${this.name} after ${later.id}`,
    )
  }

  /** A later generation that was known when the request was sent. */
  #laterThan(id: number, { askedAt }: Told): Generation | undefined {
    const epoch = this.#history.epochOf(askedAt)
    return this.#generations.find(
      (other) =>
        other.id > id && other.seenAt <= askedAt && (other.isKept || other.epoch === epoch),
    )
  }

  /** One that nobody was assigned in may come again after a crash, and is another. */
  #find(id: number, { askedAt }: Told): Generation {
    const epoch = this.#history.epochOf(askedAt)
    const known = this.#generations.findLast(
      (other) => other.id === id && (other.isKept || other.epoch === epoch),
    )
    if (known !== undefined) return known
    const made = {
      id,
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
