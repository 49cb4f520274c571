// A group coordinator over a virtual clock and a store that answers when the test says so.
import assert from 'node:assert/strict'
import { Admission } from '../../src/broker/admission.ts'
import type { CommitRequest, OffsetToCommit } from '../../src/broker/group/commit-offsets.ts'
import type { GroupTopic, GroupTopics } from '../../src/broker/group/consumer/group-topics.ts'
import type { GroupConfig } from '../../src/broker/group/group-config.ts'
import type { GroupEvents } from '../../src/broker/group/group-context.ts'
import { GroupCoordinator } from '../../src/broker/group/group-coordinator.ts'
import type { GroupErrorCode } from '../../src/broker/group/group-error.ts'
import type { GroupRow, GroupStore, GroupVerdict } from '../../src/broker/group/group-store.ts'
import type { JoinAnswer } from '../../src/broker/group/join-answer.ts'
import type { JoinRequest } from '../../src/broker/group/join-group.ts'
import type { SyncAnswer } from '../../src/broker/group/sync-answer.ts'
import type { SyncRequest } from '../../src/broker/group/sync-group.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { Slices } from '../../src/lib/slices.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import './load-late-parts.ts'

/** What one callback was given; more than one answer fails at once. */
export class Answered<Answer> {
  #answer: Answer | undefined

  readonly take = (answer: Answer): void => {
    assert.equal(this.#answer, undefined, 'answered twice')
    this.#answer = answer
  }

  get isWaiting(): boolean {
    return this.#answer === undefined
  }

  get answer(): Answer {
    assert.notEqual(this.#answer, undefined, 'not answered')
    return this.#answer!
  }
}

interface Write {
  readonly rows: readonly GroupRow[]
  readonly done: (verdict: GroupVerdict) => void
}

/** Rows in memory. A write is durable at the end of the turn, or when `hold` is lifted. */
export class FakeGroupStore implements GroupStore {
  readonly #clock: VirtualClock
  readonly #rows = new Map<string, Buffer>()
  readonly #writes: Write[] = []
  isHeld = false
  /** Writes from now on for which there is no room. */
  refusals = 0

  constructor(clock: VirtualClock, rows: readonly GroupRow[] = []) {
    this.#clock = clock
    this.#apply(rows)
  }

  write(rows: readonly GroupRow[], done: (verdict: GroupVerdict) => void): void {
    this.#writes.push({ rows, done })
    if (!this.isHeld) this.#clock.atEndOfTurn(() => this.#finishAll())
  }

  put(rows: readonly GroupRow[]): void {
    this.write(rows, () => undefined)
  }

  /** Ends what is held, in order. */
  release(): void {
    this.isHeld = false
    this.#finishAll()
  }

  /** Ends the oldest write, held or not. */
  finishOne(): void {
    const write = this.#writes.shift()
    if (write === undefined) return
    const isFull = this.refusals > 0
    if (isFull) this.refusals--
    else this.#apply(write.rows)
    write.done(isFull ? 'full' : 'durable')
  }

  /** What a crash leaves: only what was durable. */
  rows(): GroupRow[] {
    return Array.from(this.#rows, ([key, value]) => ({ key: Buffer.from(key, 'hex'), value }))
  }

  get rowCount(): number {
    return this.#rows.size
  }

  get waitingCount(): number {
    return this.#writes.length
  }

  #finishAll(): void {
    if (this.isHeld) return
    while (this.#writes.length > 0) this.finishOne()
  }

  #apply(rows: readonly GroupRow[]): void {
    for (const { key, value } of rows) {
      const name = key.toString('hex')
      if (value === undefined) this.#rows.delete(name)
      else this.#rows.set(name, value)
    }
  }
}

export interface FixtureOptions {
  readonly config?: Partial<GroupConfig>
  readonly rows?: readonly GroupRow[]
  readonly clock?: VirtualClock
  readonly seed?: number
  readonly topics?: Set<string>
  readonly topicsVersion?: number
  /** Large work is done a step a millisecond. */
  readonly isSliced?: boolean
}

export const sessionMs = 10_000
export const rebalanceMs = 60_000
export const delayMs = 250

/** Slices of one step each, which come a millisecond apart. */
function steppedSlices(clock: VirtualClock): Slices {
  let looks = 0
  const stepped: Pick<Clock, 'monotonic' | 'atEndOfTurn'> = {
    monotonic: () => looks++,
    atEndOfTurn: (callback) => void clock.after(1, callback),
  }
  return new Slices(stepped as Clock, 1)
}

/** Requests with everything that a test does not care about filled in. */
export class GroupFixture {
  readonly clock: VirtualClock
  readonly store: FakeGroupStore
  readonly coordinator: GroupCoordinator
  readonly groupTopics: GroupTopics
  readonly events: string[] = []
  /** Topics that exist; each has partitions 0 to 9. */
  readonly topics: Set<string>
  topicsVersion = 0
  readonly admission: Admission = new Admission()

  readonly #seed: number

  constructor(options: FixtureOptions = {}) {
    this.#seed = options.seed ?? 1
    this.topics = options.topics ?? new Set(['orders', 'users'])
    this.topicsVersion = options.topicsVersion ?? 0
    this.clock = options.clock ?? new VirtualClock()
    this.store = new FakeGroupStore(this.clock, options.rows)
    const events: GroupEvents = {
      onStable: (id, generation, count) => this.events.push(`${id} stable ${generation} ${count}`),
      onMemberLost: (id) => this.events.push(`${id} lost`),
      onEmpty: (id, generation) => this.events.push(`${id} empty ${generation}`),
    }
    this.groupTopics = this.#groupTopics()
    this.coordinator = new GroupCoordinator({
      clock: this.clock,
      random: seededRandom(this.#seed),
      store: this.store,
      config: { initialRebalanceDelayMs: delayMs, ...options.config },
      events,
      admission: this.admission,
      topics: this.groupTopics,
      ...(options.isSliced === true && { slices: steppedSlices(this.clock) }),
    })
    this.coordinator.restore(options.rows ?? [])
    this.coordinator.start()
  }

  #groupTopics(): GroupTopics {
    const find = (name: string): GroupTopic | undefined =>
      this.topics.has(name) ? { name, topicId: `id of ${name}`, partitionCount: 10 } : undefined
    const versionOf = (): number => this.topicsVersion
    return {
      get version() {
        return versionOf()
      },
      find,
      findById: (topicId) => find(topicId.slice('id of '.length)),
      names: () => this.topics,
    }
  }

  /** The broker dies and starts again with what was durable. */
  crash(more: Pick<FixtureOptions, 'topics' | 'topicsVersion'> = {}): GroupFixture {
    const clock = new VirtualClock(this.clock.now())
    const seed = this.#seed + 1
    const next = new GroupFixture({ clock, seed, rows: this.store.rows(), ...more })
    clock.endTurn()
    return next
  }

  join(request: Partial<JoinRequest> = {}): Answered<JoinAnswer> {
    const answered = new Answered<JoinAnswer>()
    this.coordinator.join({ ...joinDefaults, ...request }, answered.take)
    return answered
  }

  /** Both steps of a dynamic member's join; returns its id and what the second step gets. */
  joinTwice(request: Partial<JoinRequest> = {}): { id: string; joined: Answered<JoinAnswer> } {
    const { memberId, error } = this.join({ ...request, memberId: '' }).answer
    assert.equal(error, 'member_id_required')
    return { id: memberId, joined: this.join({ ...request, memberId }) }
  }

  sync(memberId: string, request: Partial<SyncRequest> = {}): Answered<SyncAnswer> {
    const answered = new Answered<SyncAnswer>()
    this.coordinator.sync({ ...syncDefaults, memberId, ...request }, answered.take)
    return answered
  }

  heartbeat(memberId: string, generation = 1, instanceId?: string): GroupErrorCode | undefined {
    return this.coordinator.heartbeat({ groupId: 'g', memberId, instanceId, generation })
  }

  commit(
    offsets: readonly OffsetToCommit[],
    request: Partial<CommitRequest> = {},
  ): Answered<readonly (GroupErrorCode | undefined)[]> {
    const answered = new Answered<readonly (GroupErrorCode | undefined)[]>()
    this.coordinator.commitOffsets({ ...commitDefaults, ...request, offsets }, answered.take)
    return answered
  }

  /** Commits to `orders` 0 as no member, and waits until it is durable. */
  commitAlone(offset: number, request: Partial<CommitRequest> = {}): GroupErrorCode | undefined {
    const answered = this.commit([place('orders', 0, offset)], request)
    this.clock.endTurn()
    return answered.answer[0]
  }

  committed(topic = 'orders', partition = 0, groupId = 'g'): number | undefined {
    return this.coordinator.fetchOffset(groupId, { topic, partition }).committed?.offset
  }

  state(groupId = 'g'): string | undefined {
    return this.coordinator.describe(groupId)?.state
  }

  /** A stable group of `count` members; the first leads, and member i has assignment `a<i>`. */
  stableGroup(count: number, request: Partial<JoinRequest> = {}): string[] {
    const joins = Array.from({ length: count }, () => this.joinTwice(request))
    for (let waits = 0; joins.some(({ joined }) => joined.isWaiting) && waits < 1000; waits++) {
      this.clock.advance(delayMs)
    }
    const ids = joins.map(({ id }) => id)
    const { generation, leaderId } = joins[0]!.joined.answer
    assert.equal(leaderId, ids[0])
    this.syncAll(ids, generation)
    return ids
  }

  /** Everyone syncs, the first as the leader, and gets `a<i>`. */
  syncAll(ids: readonly string[], generation: number): void {
    const assignments = ids.map((memberId, index) => ({
      memberId,
      assignment: Buffer.from(`a${index}`),
    }))
    const syncs = ids.map((id, index) =>
      this.sync(id, { generation, assignments: index === 0 ? assignments : [] }),
    )
    this.clock.endTurn()
    syncs.forEach((synced, index) => {
      assert.equal(synced.answer.error, undefined)
      assert.equal(synced.answer.assignment.toString(), `a${index}`)
    })
  }
}

/** A protocol with a subscription (ConsumerProtocolSubscription of version 0) to one topic. */
export function protocol(name: string, topic = 'orders'): { name: string; metadata: Buffer } {
  const size = Buffer.from([0, topic.length])
  const head = Buffer.from([0, 0, 0, 0, 0, 1])
  const noUserData = Buffer.from([0xff, 0xff, 0xff, 0xff])
  return { name, metadata: Buffer.concat([head, size, Buffer.from(topic), noUserData]) }
}

export function place(
  topic: string,
  partition: number,
  offset: number,
  metadata = '',
): OffsetToCommit {
  return { topic, partition, offset, metadata, leaderEpoch: -1 }
}

const joinDefaults: JoinRequest = {
  groupId: 'g',
  memberId: '',
  instanceId: undefined,
  clientId: 'client',
  clientHost: '/127.0.0.1',
  sessionTimeoutMs: sessionMs,
  rebalanceTimeoutMs: rebalanceMs,
  protocolType: 'consumer',
  protocols: [protocol('range')],
  needsKnownMemberId: true,
  canSkipAssignment: true,
}

const syncDefaults: SyncRequest = {
  groupId: 'g',
  memberId: '',
  instanceId: undefined,
  generation: 1,
  protocolType: undefined,
  protocolName: undefined,
  assignments: [],
}

const commitDefaults: CommitRequest = {
  groupId: 'g',
  memberId: '',
  instanceId: undefined,
  generation: -1,
  offsets: [],
  retentionMs: undefined,
  knowsMissingGroup: true,
}
