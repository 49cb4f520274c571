// A member of the classic protocol for simulations, in groups of either protocol: eager, which gives up all it has
// for each rebalance, or cooperative, which keeps what it is given again. As the leader of a classic group it
// assigns; it gives nobody what another still has.
import { assignedPartitions } from '../../src/broker/group/assigned-partitions.ts'
import {
  type Assignment,
  filtered,
  holds,
  noPartitions,
} from '../../src/broker/group/consumer/assignment.ts'
import {
  encodeAssignedPartitions,
  idsOf,
  namesOf,
  ownedPartitions,
} from '../../src/broker/group/consumer/consumer-protocol.ts'
import type { JoinAnswer } from '../../src/broker/group/join-answer.ts'
import { subscribedTopics } from '../../src/broker/group/subscribed-topics.ts'
import type { SyncAnswer } from '../../src/broker/group/sync-answer.ts'
import type { GroupFixture } from './group-fixture.ts'

const groupId = 'g'
export const classicSessionMs = 10_000
const partitionsPerTopic = 10

type State = 'out' | 'joining' | 'joined' | 'syncing' | 'in'

export class ClassicActor {
  readonly isCooperative: boolean
  memberId = ''
  owned: Assignment = noPartitions
  topicNames: readonly string[] = ['orders']
  #state: State = 'out'
  #generation = -1
  #joined: JoinAnswer | undefined
  /** The request whose answer counts. */
  #asked: symbol | undefined

  constructor(isCooperative: boolean) {
    this.isCooperative = isCooperative
  }

  get isIn(): boolean {
    return this.#state === 'in'
  }

  step(fixture: GroupFixture): void {
    if (this.#asked !== undefined) return
    if (this.#state === 'out') this.#join(fixture)
    else if (this.#state === 'joined') this.#sync(fixture)
    else if (this.#state === 'in') this.#heartbeat(fixture)
  }

  /** The answers on their way never arrive: it joins again. */
  reconnect(): void {
    this.#asked = undefined
    this.#rejoin()
  }

  /** The process dies, and another one begins in its place. */
  restart(): void {
    this.#asked = undefined
    this.#abandon()
  }

  changeTopics(topicNames: readonly string[]): void {
    this.topicNames = topicNames
    if (this.#state === 'in') this.#rejoin()
  }

  leave(fixture: GroupFixture): void {
    const { memberId } = this
    this.restart()
    fixture.coordinator.leave(groupId, [{ memberId, instanceId: undefined }])
  }

  #rejoin(): void {
    this.#state = 'out'
    if (!this.isCooperative) this.owned = noPartitions
  }

  #abandon(): void {
    this.#state = 'out'
    this.memberId = ''
    this.owned = noPartitions
  }

  #join(fixture: GroupFixture): void {
    const asked = this.#begin('joining')
    fixture.coordinator.join(
      {
        groupId,
        memberId: this.memberId,
        instanceId: undefined,
        clientId: 'classic',
        clientHost: '/127.0.0.1',
        sessionTimeoutMs: classicSessionMs,
        rebalanceTimeoutMs: 15_000,
        protocolType: 'consumer',
        protocols: [{ name: 'cooperative-sticky', metadata: this.#metadata(fixture) }],
        needsKnownMemberId: true,
        canSkipAssignment: true,
      },
      (answer) => {
        if (!this.#isCurrent(asked)) return
        if (answer.error === undefined) {
          this.memberId = answer.memberId
          this.#generation = answer.generation
          this.#joined = answer
          this.#state = 'joined'
        } else if (answer.error === 'member_id_required') {
          this.memberId = answer.memberId
          this.#state = 'out'
        } else this.#onError(answer.error)
      },
    )
  }

  #metadata(fixture: GroupFixture): Buffer {
    const topics = this.topicNames.map((topic) => ({ topic, partitions: [] }))
    const names = encodeAssignedPartitions(topics, 1)
    // A subscription has no partitions behind its names.
    const parts = [names.subarray(0, 6)]
    for (const name of this.topicNames) {
      const size = Buffer.alloc(2)
      size.writeInt16BE(name.length)
      parts.push(size, Buffer.from(name))
    }
    const owned = this.isCooperative ? namesOf(this.owned, fixture.groupTopics) : []
    const noUserData = Buffer.from([0xff, 0xff, 0xff, 0xff])
    return Buffer.concat([...parts, noUserData, encodeAssignedPartitions(owned, 1).subarray(2, -4)])
  }

  #sync(fixture: GroupFixture): void {
    const asked = this.#begin('syncing')
    fixture.coordinator.sync(
      {
        groupId,
        memberId: this.memberId,
        instanceId: undefined,
        generation: this.#generation,
        protocolType: undefined,
        protocolName: undefined,
        assignments: assignmentsBy(this.#joined),
      },
      (answer) => {
        if (this.#isCurrent(asked)) this.#onSync(answer, fixture)
      },
    )
  }

  #onSync({ error, assignment }: SyncAnswer, fixture: GroupFixture): void {
    if (error !== undefined) {
      this.#onError(error)
      return
    }
    const given = idsOf(assignedPartitions(assignment) ?? [], fixture.groupTopics)
    const gone = filtered(this.owned, (...place) => !holds(given, ...place))
    this.owned = given
    // It has given up what it was not given again, and says so.
    if (gone.size > 0) this.#rejoin()
    else this.#state = 'in'
  }

  #heartbeat(fixture: GroupFixture): void {
    const { memberId } = this
    const error = fixture.coordinator.heartbeat({
      groupId,
      memberId,
      instanceId: undefined,
      generation: this.#generation,
    })
    if (error !== undefined) this.#onError(error)
  }

  #onError(error: string): void {
    if (error === 'unknown_member_id' || error === 'illegal_generation') {
      const { memberId } = this
      this.#abandon()
      if (error === 'illegal_generation') this.memberId = memberId
    } else this.#rejoin()
  }

  #begin(state: State): symbol {
    this.#state = state
    this.#asked = Symbol(state)
    return this.#asked
  }

  #isCurrent(asked: symbol): boolean {
    if (asked !== this.#asked) return false
    this.#asked = undefined
    return true
  }
}

/** What the leader of a classic group gives out. */
function assignmentsBy(
  joined: JoinAnswer | undefined,
): { readonly memberId: string; readonly assignment: Buffer }[] {
  const members = joined?.members ?? []
  const claims = new Map<string, string>()
  for (const { memberId, metadata } of members) {
    for (const { topic, partition } of ownedPartitions(metadata)) {
      claims.set(`${topic} ${partition}`, memberId)
    }
  }
  const given = new Map(members.map(({ memberId }) => [memberId, new Map<string, number[]>()]))
  const topics = new Set(members.flatMap(({ metadata }) => subscribedTopics(metadata) ?? []))
  for (const topic of topics) {
    const readers = members.filter(({ metadata }) => subscribedTopics(metadata)?.includes(topic))
    for (let partition = 0; partition < partitionsPerTopic; partition++) {
      const { memberId } = readers[partition % readers.length]!
      const claim = claims.get(`${topic} ${partition}`) ?? memberId
      if (claim !== memberId) continue
      const topicsOf = given.get(memberId)!
      topicsOf.set(topic, [...(topicsOf.get(topic) ?? []), partition])
    }
  }
  return Array.from(given, ([memberId, topicsOf]) => ({
    memberId,
    assignment: encodeAssignedPartitions(
      Array.from(topicsOf, ([topic, partitions]) => ({ topic, partitions })),
      1,
    ),
  }))
}
