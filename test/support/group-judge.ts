// Watches what a group tells its members, over crashes of the broker too, and knows what may never be.
import assert from 'node:assert/strict'
import type { JoinAnswer, JoinedMember } from '../../src/broker/group/join-answer.ts'
import type { GroupFixture } from './group-fixture.ts'

/** An answer that is owed or was given. */
export interface Owed<Answer> {
  readonly isWaiting: boolean
  readonly answer: Answer
}

export class GroupJudge {
  /** Rises with each crash: a generation that nobody got an assignment for may be given twice. */
  #life = 0
  #watched: Owed<unknown>[] = []
  #commits: { readonly offset: number; readonly answered: Owed<readonly unknown[]> }[] = []
  #offset = 0
  #ackedOffset = 0
  #nonce = 0
  readonly #leaders = new Map<string, string>()
  readonly #protocols = new Map<string, string | undefined>()
  readonly #nonces = new Map<number, string>()
  #newestAssigned = 0

  nextOffset(): number {
    return ++this.#offset
  }

  watch(answered: Owed<unknown>): void {
    this.#watched.push(answered)
  }

  watchCommit(offset: number, answered: Owed<readonly unknown[]>): void {
    this.#watched.push(answered)
    this.#commits.push({ offset, answered })
  }

  /** In one generation one consumer leads, and all have the same protocol. */
  onJoined(name: string, answer: JoinAnswer): void {
    const key = `${this.#life}/${answer.generation}`
    if (answer.members.length > 0 && !answer.skipsAssignment) {
      const leader = this.#leaders.get(key) ?? name
      assert.equal(leader, name, `generation ${key} has two leaders`)
      this.#leaders.set(key, name)
      assert.ok(answer.members.some(({ memberId }) => memberId === answer.memberId))
    }
    const protocol = this.#protocols.get(key) ?? answer.protocolName
    assert.equal(answer.protocolName, protocol)
    this.#protocols.set(key, protocol)
  }

  /** What a leader makes: each assignment says for whom and in which generation it is. */
  assign(
    generation: number,
    members: readonly JoinedMember[],
  ): { memberId: string; assignment: Buffer }[] {
    const nonce = ++this.#nonce
    return members.map(({ memberId, metadata }) => {
      const [name] = metadata.toString().split('.')
      return { memberId, assignment: Buffer.from(`${generation}/${nonce}/${name}`) }
    })
  }

  /** A generation has one assignment for ever, crashes or not, and everyone gets their own part. */
  onAssigned(name: string, generation: number, assignment: string): void {
    const [assignedGeneration, nonce, assignee] = assignment.split('/')
    assert.equal(assignedGeneration, `${generation}`, `${name} got another generation's part`)
    assert.equal(assignee, name, 'a part for someone else')
    const known = this.#nonces.get(generation) ?? nonce!
    assert.equal(nonce, known, `generation ${generation} was assigned twice`)
    this.#nonces.set(generation, known)
    this.#newestAssigned = Math.max(this.#newestAssigned, generation)
  }

  /** After each step. */
  check(fixture: GroupFixture): void {
    this.#commits = this.#commits.filter(({ offset, answered }) => {
      if (answered.isWaiting) return true
      if (answered.answer[0] === undefined) this.#ackedOffset = Math.max(this.#ackedOffset, offset)
      return false
    })
    const committed = fixture.committed() ?? 0
    assert.ok(committed >= this.#ackedOffset, `went back from ${this.#ackedOffset} to ${committed}`)
    const described = fixture.coordinator.describe('g')
    assert.ok((described?.generation ?? 0) >= this.#newestAssigned, 'the generation went back')
    if (described?.state === 'Empty') assert.equal(described.members.length, 0)
  }

  /** The broker is gone, and with it every answer it owed. */
  onCrash(): void {
    this.#life++
    this.#watched = []
    this.#commits = []
  }

  /** Nothing is owed. */
  checkAllAnswered(): void {
    const owed = this.#watched.filter(({ isWaiting }) => isWaiting)
    assert.equal(owed.length, 0, `${owed.length} requests were never answered`)
  }
}
