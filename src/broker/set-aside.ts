// Sets a record aside that a consumer group cannot process: it goes to a queue or topic with headers that say where it
// was, and the group goes on behind it, in one atom. Somebody asks for that, or the group's settings do, when its
// members have begun at the record as often as these allow.
import type { Clock } from '../lib/clock.ts'
import { groupLimits } from '../limits/group.ts'
import type { LogStore } from '../log/log-store.ts'
import type { DeathReason } from '../record/message/encode-death.ts'
import type { RecordView } from '../record/message/record-view.ts'
import { BrokerError, preconditionFailed, queueNotFound, queueResource } from './broker-error.ts'
import { usingAside } from './carried-record.ts'
import type { DeadLetterer, DyingStream } from './dead-letterer.ts'
import type { Destination } from './destination.ts'
import type { DynamicSettings } from './dynamic-settings.ts'
import type { CommittedOffset } from './group/committed-offset.ts'
import type { GroupCoordinator } from './group/group-coordinator.ts'
import type { GroupErrorCode } from './group/group-error.ts'
import { type GroupPlaceName, type Starter, StuckPlaces } from './group/stuck-places.ts'
import { readRecord } from './read-record.ts'
import type { PartitionLeaders } from './topic/partition-leaders.ts'
import type { Partition } from './topic/partition.ts'
import { shownRange } from './topic/shown-range.ts'
import type { Topic } from './topic/topic.ts'
import type { VHost } from './vhost.ts'
import { withErrorHeaders } from './with-error-headers.ts'

/** Settings of a group: how often its members may begin at a record, and where it goes then. */
export const attemptsSetting = 'pabal.attempts.max'
export const deadLetterSetting = 'pabal.dead.letter.name'

export interface SetAsideRule {
  readonly attemptsMax: number
  /** A queue or topic. */
  readonly to: string
}

export interface SetAsideAsked extends GroupPlaceName {
  /** A queue or topic. */
  readonly to: string
  readonly reason: Extract<DeathReason, 'rejected' | 'delivery_limit'>
  /** How often members began there; 0: nobody has counted. */
  readonly attempts: number
}

export interface SetAsideRecord extends GroupPlaceName {
  readonly offset: number
  readonly to: string
}

export interface SetAsideContext {
  readonly store: LogStore
  readonly clock: Clock
  readonly settings: DynamicSettings
  readonly groups: GroupCoordinator
  readonly vhost: VHost<Destination>
  readonly deadLetterer: DeadLetterer
  /** Of partitions that other cells lead. */
  readonly leaders: () => Pick<PartitionLeaders, 'look' | 'readRecord'> | undefined
  readonly onSetAside: (record: SetAsideRecord) => void
  /** The group's settings ask for it, and it cannot be. Told once for each group and reason. */
  readonly onFailed: (groupId: string, reason: string) => void
}

/** Throws `precondition_failed`, or rejects with it. */
export class SetAside {
  readonly stuck: StuckPlaces = new StuckPlaces()
  /** The group that a connection has joined last: who only looks at a group's offsets has not begun to read. */
  readonly #joined = new WeakMap<object, string>()
  /** How many of each group, since the start. */
  readonly #counts = new Map<string, number>()
  readonly #context: SetAsideContext
  readonly #running = new Map<string, Promise<SetAsideRecord>>()
  readonly #told = new Map<string, string>()

  constructor(context: SetAsideContext) {
    this.#context = context
  }

  /** Undefined: nothing is set aside by itself. */
  ruleOf(groupId: string): SetAsideRule | undefined {
    const { [attemptsSetting]: attempts, [deadLetterSetting]: to } = this.#context.settings.get(
      'group',
      groupId,
    )
    if (attempts === undefined || to === undefined) return undefined
    return { attemptsMax: Number(attempts), to }
  }

  /** A member joins by this connection. */
  noteMember(groupId: string, connection: object): void {
    this.#joined.set(connection, groupId)
  }

  isMember(groupId: string, connection: object): boolean {
    return this.#joined.get(connection) === groupId
  }

  countOf(groupId: string): number {
    return this.#counts.get(groupId) ?? 0
  }

  /**
   * A member that came by `starter`, its connection, begins to read where the group is; what its settings ask to set
   * aside first is set aside. Never rejects: what cannot be is told.
   */
  async begin(name: GroupPlaceName, rule: SetAsideRule, starter: Starter): Promise<void> {
    const { groups, vhost } = this.#context
    const committed = groups.fetchOffset(name.groupId, name).committed
    const partition = partitionOf(vhost, name)
    if (committed === undefined || partition === undefined) return
    // Nothing there that could fail.
    if (committed.offset >= (await this.#stableOffset(name, committed.offset))) return
    const attempts = this.stuck.begin(name, committed.offset, starter)
    if (attempts <= rule.attemptsMax) return
    try {
      await this.run({
        ...name,
        to: rule.to,
        reason: 'delivery_limit',
        attempts: rule.attemptsMax,
      })
    } catch (error) {
      this.#tell(name.groupId, (error as Error).message)
    }
  }

  /** Sets the record aside that the group reads next. Two at one place at a time are one. */
  run(asked: SetAsideAsked): Promise<SetAsideRecord> {
    const key = JSON.stringify([asked.groupId, asked.topic, asked.partition])
    const running = this.#running.get(key)
    if (running !== undefined) return running
    const done = this.#run(asked).finally(() => this.#running.delete(key))
    this.#running.set(key, done)
    return done
  }

  async #run(asked: SetAsideAsked): Promise<SetAsideRecord> {
    const { groups, vhost } = this.#context
    const { groupId, topic: name, to } = asked
    const topic = vhost.findQueue(name)
    const partition = partitionOf(vhost, asked)
    if (topic?.kind !== 'topic' || partition === undefined) {
      throw preconditionFailed(`there is no partition ${asked.partition} of a topic '${name}'`)
    }
    const committed = groups.fetchOffset(groupId, asked).committed
    if (committed === undefined) {
      throw preconditionFailed(`group '${groupId}' has no place in partition ${asked.partition}`)
    }
    this.#check(topic, to)
    const moved = await this.#withRecord({ topic, partition, committed }, asked, (view) => {
      if (groups.fetchOffset(groupId, asked).committed?.offset !== committed.offset) {
        throw preconditionFailed(`group '${groupId}' has gone on meanwhile`)
      }
      this.#check(topic, to)
      const { offset } = view
      return { offset, done: this.#move(asked, { topic, partition, committed, view }) }
    })
    const error = await moved.done
    if (error !== undefined) {
      throw preconditionFailed(`group '${groupId}' cannot go on: ${error.replaceAll('_', ' ')}`)
    }
    this.stuck.forget(asked)
    this.#count(groupId)
    const { offset } = moved
    const record = { groupId, topic: name, partition: asked.partition, offset, to }
    this.#context.onSetAside(record)
    return record
  }

  /** Of a partition that another cell leads, as that says now, unless it is known to be behind `offset`. */
  async #stableOffset(name: GroupPlaceName, offset: number): Promise<number> {
    const topic = this.#context.vhost.findQueue(name.topic)
    const partition = partitionOf(this.#context.vhost, name)
    if (topic?.kind !== 'topic' || partition === undefined) return 0
    if (partition.remote !== undefined && shownRange(partition).stableOffset <= offset) {
      await this.#context.leaders()?.look([topic])
    }
    return shownRange(partition).stableOffset
  }

  /** Whether the record can go there. */
  #check({ name }: Topic, to: string): void {
    const { vhost } = this.#context
    const target = vhost.findQueue(to)
    if (target === undefined) throw queueNotFound(vhost.name, to)
    if (to === name) throw preconditionFailed('a record is not set aside in its own topic')
    if (target.mayRefuse && !target.hasRoomFor({ count: 1, size: 0 })) {
      throw preconditionFailed(`${queueResource(vhost.name, to)} is full`)
    }
  }

  /** The record that the group reads next, wherever it is: `use` may look at it until it returns. */
  async #withRecord(
    { topic, partition, committed }: Omit<Found, 'view'>,
    { partition: index }: SetAsideAsked,
    use: (view: RecordView) => Moving,
  ): Promise<Moving> {
    const { store, leaders } = this.#context
    if (partition.remote !== undefined) {
      const asked = { topic, partition: index, offset: committed.offset }
      const view = await leaders()?.readRecord(asked)
      if (view === undefined) throw nothingLeft()
      return usingAside(store, view, async () => {
        const moving = use(view)
        await moving.done
        return moving
      })
    }
    const { log, lastStableOffset } = partition
    const offset = Math.max(committed.offset, partition.startOffset)
    const used = await readRecord({ store, log }, offset, (view) =>
      view.offset < lastStableOffset ? { it: use(view) } : undefined,
    ).catch((error: unknown) => {
      if (error instanceof BrokerError) throw error
      throw preconditionFailed(`the record cannot be read: ${(error as Error).message}`)
    })
    if (used === undefined) throw nothingLeft()
    return used.it
  }

  #move(
    { groupId, topic: name, partition: index, to, reason, attempts }: SetAsideAsked,
    { topic, partition, committed, view }: Found,
  ): Promise<GroupErrorCode | undefined> {
    const { groups, deadLetterer } = this.#context
    const stream: DyingStream = {
      vhost: topic.vhost,
      name,
      type: 'stream',
      parts: [partition],
      settings: { deadLetter: { exchange: '', routingKey: to, keepsUnroutable: true } },
    }
    const place = { topic: name, partition: index, offset: view.offset, groupId }
    const dead = withErrorHeaders(view, { ...place, ...whyOf(attempts) }, true)
    const { metadata } = committed
    const next = { topic: name, partition: index, offset: view.offset + 1 }
    return new Promise((resolve) => {
      groups.commitOffsets(
        {
          groupId,
          memberId: '',
          instanceId: undefined,
          generation: -1,
          offsets: [{ ...next, leaderEpoch: -1, metadata }],
          retentionMs: undefined,
          knowsMissingGroup: true,
          within: () => deadLetterer.publish(stream, dead, reason),
        },
        ([error]) => resolve(error),
      )
    })
  }

  #count(groupId: string): void {
    this.#counts.set(groupId, this.countOf(groupId) + 1)
    if (this.#counts.size > groupLimits.stuckPlacesMax) dropFirst(this.#counts)
  }

  #tell(groupId: string, reason: string): void {
    if (this.#told.get(groupId) === reason) return
    this.#told.set(groupId, reason)
    if (this.#told.size > groupLimits.stuckPlacesMax) dropFirst(this.#told)
    this.#context.onFailed(groupId, reason)
  }
}

/** A record that is being moved. */
interface Moving {
  readonly offset: number
  readonly done: Promise<GroupErrorCode | undefined>
}

interface Found {
  readonly topic: Topic
  readonly partition: Partition
  readonly committed: CommittedOffset
  readonly view: RecordView
}

/** What the headers say of a record at which members began so often. */
function whyOf(attempts: number): { deliveryCount: number | undefined; message: string } {
  if (attempts === 0) {
    return { deliveryCount: undefined, message: 'An operator has set the record aside.' }
  }
  const message = `Members of the group began at the record ${attempts} times and did not get further.`
  return { deliveryCount: attempts, message }
}

function nothingLeft(): BrokerError {
  return preconditionFailed('the group has read all that there is')
}

function partitionOf(
  vhost: VHost<Destination>,
  { topic, partition }: GroupPlaceName,
): Partition | undefined {
  const found = vhost.findQueue(topic)
  return found?.kind === 'topic' ? found.partitions[partition] : undefined
}

function dropFirst(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key)
    return
  }
}
