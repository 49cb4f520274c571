// A member of a consumer group: joins, leads when it is told to, beats, commits what it says it has read, and
// leaves or just goes away.
import type { ApiMessages } from '../../../src/codec/kafka/apis.gen.ts'
import type { Generation, GroupModel } from '../model/group-model.ts'
import type { QueueLife } from '../model/queue-life.ts'
import { errorOf } from './error-of.ts'
import { isShownToKafka, type KafkaLife } from './kafka-protocol.ts'

const protocolName = 'simulated'
const sessionTimeoutMs = 6000
const rebalanceTimeoutMs = 10_000

type Members = ApiMessages['joinGroup']['response']['members']

/** A partition that a member has. */
interface Owned {
  readonly topic: string
  readonly partition: number
}

export class GroupMember {
  readonly #life: KafkaLife
  readonly #group: GroupModel
  #memberId = ''
  /** Undefined while it is in none. */
  #generation: Generation | undefined
  #owned: Owned[] = []

  constructor(life: KafkaLife) {
    this.#life = life
    this.#group = life.world.model.groupOf(`group-${life.draw.between(0, 1)}`)
  }

  /** One connection's work. */
  static async work(this: void, life: KafkaLife): Promise<void> {
    const { draw, world } = life
    const member = new GroupMember(life)
    for (let left = draw.between(5, 60); left > 0 && !world.isWindingDown; left--) {
      const generation = member.#generation
      if (generation === undefined) await member.#join()
      else {
        const what = draw.weighted({ beat: 5, commit: 4, look: 2, leave: 0.3 })
        if (what === 'beat') await member.#beat(generation)
        else if (what === 'commit') await member.#commit(generation)
        else if (what === 'look') await member.#look()
        else await member.#leave()
      }
      await life.step()
    }
    if (member.#memberId !== '' && draw.chance(0.6)) await member.#leave()
  }

  async #join(): Promise<void> {
    const { connection, world, name } = this.#life
    const askedAt = world.history.next()
    this.#note(`joins ${this.#group.name} as '${this.#memberId}'`)
    let joined: { generation: Generation; members: Members } | undefined
    const request = {
      groupId: this.#group.name,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      memberId: this.#memberId,
      groupInstanceId: null,
      protocolType: 'consumer',
      protocols: [{ name: protocolName, metadata: encodeSubscription(this.#topics()) }],
      reason: null,
    }
    await connection.call('joinGroup', request, {
      onAnswer: (answer) => {
        const { errorCode, generationId = -1, leader, memberId } = answer
        const error = errorOf(errorCode)
        this.#note(`is answered ${error}: generation ${generationId} led by '${leader}'`)
        if (error === 'MEMBER_ID_REQUIRED') this.#memberId = memberId
        else if (error === 'UNKNOWN_MEMBER_ID') this.#memberId = ''
        else if (error === 'NONE') {
          this.#memberId = memberId
          const generation = this.#group.onJoined(generationId, leader, { askedAt, who: name })
          joined = { generation, members: answer.members }
        }
      },
    })
    if (joined !== undefined) await this.#sync(joined.generation, joined.members)
  }

  async #sync(generation: Generation, members: Members): Promise<void> {
    const { connection, name } = this.#life
    const assignments =
      generation.leader === this.#memberId ? this.#assign(members) : new Map<string, string>()
    if (generation.leader === this.#memberId) generation.assignments ??= assignments
    const request = {
      groupId: this.#group.name,
      generationId: generation.id,
      memberId: this.#memberId,
      groupInstanceId: null,
      protocolType: 'consumer',
      protocolName,
      assignments: Array.from(assignments, ([memberId, text]) => ({
        memberId,
        assignment: Buffer.from(text),
      })),
    }
    await connection.call('syncGroup', request, {
      onAnswer: ({ errorCode, assignment }) => {
        const error = errorOf(errorCode)
        this.#note(`is answered ${error}: has '${assignment.toString()}'`)
        this.#onError(error)
        if (error !== 'NONE') return
        const member = { id: this.#memberId, who: name }
        this.#group.onAssigned(generation, member, assignment.toString())
        this.#generation = generation
        this.#owned = decodeAssignment(assignment.toString())
      },
    })
  }

  async #beat(generation: Generation): Promise<void> {
    const told = this.#told()
    const request = { ...this.#identity(), generationId: generation.id }
    await this.#life.connection.call('heartbeat', request, {
      onAnswer: ({ errorCode }) => {
        const error = errorOf(errorCode)
        this.#onError(error)
        if (error === 'NONE') this.#group.onAccepted(generation, 'a heartbeat', told)
      },
    })
  }

  async #commit(generation: Generation): Promise<void> {
    const { connection, draw, world } = this.#life
    if (this.#owned.length === 0) return
    const { topic, partition } = draw.oneOf(this.#owned)
    const offset = draw.between(0, 1000)
    const told = this.#told()
    const deed = world.model.newDeed(`commit of ${offset} for ${topic}/${partition}`)
    this.#group.registerOf(topic, partition).onWrite(offset, deed)
    connection.link.whenClosedByBroker(() => deed.toDoubtful())
    this.#note(`commits ${offset} for ${topic}/${partition} in generation ${generation.id}`)
    const partitions = [
      {
        partitionIndex: partition,
        committedOffset: offset,
        committedLeaderEpoch: -1,
        committedMetadata: null,
      },
    ]
    const request = {
      ...this.#identity(),
      generationIdOrMemberEpoch: generation.id,
      retentionTimeMs: -1,
      topics: [{ name: topic, topicId: '', partitions }],
    }
    await connection.call('offsetCommit', request, {
      version: 9,
      onAnswer: ({ topics: [answer] }) => {
        const error = errorOf(answer?.partitions[0]?.errorCode ?? 0)
        this.#note(`is answered ${error}`)
        this.#onError(error)
        if (error !== 'NONE') {
          deed.toNever('it was refused')
          return
        }
        deed.toDurable('it was acknowledged')
        this.#group.onAccepted(generation, 'a commit', told)
      },
    })
  }

  /** OffsetFetch of something that may have been committed. */
  async #look(): Promise<void> {
    const { draw } = this.#life
    const topic = this.#life.pick(isShownToKafka)
    if (topic === undefined || topic.partitionCount === 0) return
    await lookAtCommits(this.#life, this.#group, {
      topic,
      partition: draw.between(0, topic.partitionCount - 1),
    })
  }

  async #leave(): Promise<void> {
    const { connection } = this.#life
    const memberId = this.#memberId
    this.#note(`leaves ${this.#group.name}`)
    this.#memberId = ''
    this.#generation = undefined
    const request = {
      groupId: this.#group.name,
      memberId,
      members: [{ memberId, groupInstanceId: null, reason: null }],
    }
    await connection.call('leaveGroup', request)
  }

  /** Every partition that is known, to one member each. */
  #assign(members: Members): ReadonlyMap<string, string> {
    const ids = members.map(({ memberId }) => memberId)
    const owned = new Map(ids.map((id) => [id, [] as string[]]))
    let turn = 0
    for (const { name, partitionCount } of this.#life.world.model.topology.queues.values()) {
      for (let partition = 0; partition < partitionCount; partition++) {
        owned.get(ids[turn++ % ids.length] ?? '')?.push(`${name}/${partition}`)
      }
    }
    return new Map([...owned].map(([id, partitions]) => [id, partitions.join(' ')]))
  }

  #topics(): string[] {
    const topics: QueueLife[] = [...this.#life.world.model.topology.queues.values()]
    return topics.filter(isShownToKafka).map(({ name }) => name)
  }

  /** What the broker does not accept tells where the member stands. */
  #onError(error: string): void {
    if (error === 'UNKNOWN_MEMBER_ID') this.#memberId = ''
    const isOut = /^(?:UNKNOWN_MEMBER_ID|ILLEGAL_GENERATION|REBALANCE_IN_PROGRESS)$/.test(error)
    if (isOut) this.#generation = undefined
  }

  #told(): { askedAt: number; who: string } {
    const { world, name } = this.#life
    return { askedAt: world.history.next(), who: name }
  }

  #identity(): { groupId: string; memberId: string; groupInstanceId: null } {
    return { groupId: this.#group.name, memberId: this.#memberId, groupInstanceId: null }
  }

  #note(what: string): void {
    this.#life.world.history.onNote(this.#life.name, what)
  }
}

/** Asks what a group has committed for a partition, and compares it with what is known. */
export async function lookAtCommits(
  life: Pick<KafkaLife, 'connection' | 'world' | 'name'>,
  group: GroupModel,
  { topic, partition }: { readonly topic: QueueLife; readonly partition: number },
): Promise<void> {
  const { world, connection, name } = life
  const askedAt = world.history.next()
  const asked = { name: topic.name, topicId: '', partitionIndexes: [partition] }
  const request = {
    groupId: group.name,
    topics: [asked],
    groups: [{ groupId: group.name, memberId: null, memberEpoch: -1, topics: [asked] }],
    requireStable: false,
  }
  await connection.call('offsetFetch', request, {
    version: 9,
    onAnswer: ({ groups = [] }) => {
      const [answer] = groups
      const offset = answer?.topics[0]?.partitions[0]?.committedOffset ?? -1
      world.history.onNote(name, `is told ${offset} of ${group.name} ${topic.name}/${partition}`)
      if (!topic.presence.isAlways(askedAt, world.history.now)) return
      const since = topic.presence.firstAt
      group.registerOf(topic.name, partition).onRead(offset, { askedAt, since, who: name })
    },
  })
}

/** As consumers write it, so that the broker can tell which topics a group reads. */
function encodeSubscription(topics: readonly string[]): Buffer {
  const head = Buffer.alloc(6)
  head.writeInt32BE(topics.length, 2)
  const names = topics.map((name) => {
    const text = Buffer.alloc(2 + name.length)
    text.writeInt16BE(name.length)
    text.write(name, 2)
    return text
  })
  return Buffer.concat([head, ...names, Buffer.from([0xff, 0xff, 0xff, 0xff])])
}

function decodeAssignment(text: string): Owned[] {
  if (text === '') return []
  return text.split(' ').map((each) => {
    const [topic = '', partition] = each.split('/')
    return { topic, partition: Number(partition) }
  })
}
