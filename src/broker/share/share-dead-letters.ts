// Where the records go that a share group could not process: to a topic, as in Kafka (KIP-1191), or through an
// exchange, as the dead letters of queues. Each goes in the atom that takes it from the group.
import type { Clock } from '../../lib/clock.ts'
import type { Turn } from '../../lib/turn.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { DeathReason } from '../../record/message/encode-death.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { DeadLetterer, DyingStream } from '../dead-letterer.ts'
import { DeadLetters } from '../queue/dead-letters.ts'
import type { TakeResult } from '../queue/queue-backlog.ts'
import type { DeadLetterSettings } from '../queue/queue-settings.ts'
import type { Shortage } from '../shortage.ts'
import type { BrokerValues } from '../topic/topic-defaults.ts'
import type { Topics } from '../topic/topics.ts'
import { withErrorHeaders } from '../with-error-headers.ts'
import type { DeadRecords, ShareDeath } from './dead-records.ts'
import type { DyingPlace, ShareCounters } from './share-groups.ts'
import type { ShareDeadLetterTarget } from './share-settings.ts'

export interface ShareDeadLettersContext {
  readonly store: LogStore
  readonly turn: Turn
  readonly clock: Clock
  readonly shortage: Shortage
  readonly topics: Topics
  readonly vhost: string
  readonly ownSettings: BrokerValues
  readonly deadLetterer: DeadLetterer
  readonly routesVersion: () => number
  /** Of the topics that the broker makes for dead letters. */
  readonly partitionCount: number
  readonly counters: () => ShareCounters
  /** Dead records of a group have nowhere to go and are lost. Told once for each group and reason. */
  readonly onLost: (groupId: string, reason: string) => void
}

const prefixSetting = 'errors.deadletterqueue.topic.name.prefix'
const creatingSetting = 'errors.deadletterqueue.auto.create.topics.enable'
const enablingConfig = 'errors.deadletterqueue.group.enable'

const messages: Readonly<Record<ShareDeath, string>> = {
  rejected: 'The record was rejected by a member of the group.',
  expired: 'The time to live of the record was over before a member got it.',
  delivery_limit: 'The record has been delivered as often as it may be.',
}

/** Undefined when the group has no place for them. */
export function openShareDeadLetters(
  place: DyingPlace,
  context: ShareDeadLettersContext,
): DeadRecords | undefined {
  return place.settings().deadLetter === undefined
    ? undefined
    : new ShareDeadLetters(place, context)
}

/** The dead records of a group in one partition. */
class ShareDeadLetters implements DeadRecords {
  readonly #place: DyingPlace
  readonly #context: ShareDeadLettersContext
  readonly #letters: DeadLetters
  readonly #deaths = new Map<number, { reason: ShareDeath; deliveryCount: number }>()
  readonly #stream: DyingStream & { settings: { deadLetter: DeadLetterSettings | undefined } }
  #told: string | undefined
  #isClosed = false

  constructor(place: DyingPlace, context: ShareDeadLettersContext) {
    this.#place = place
    this.#context = context
    const { topic, partition } = place
    this.#stream = {
      vhost: context.vhost,
      name: topic.name,
      type: 'stream',
      // Its messages are named by their offsets in this one.
      parts: [topic.partitions[partition]!],
      settings: { deadLetter: undefined },
    }
    this.#letters = new DeadLetters({
      ...context,
      backlog: {
        readDetached: (offset, view, onReadable) => this.#read(offset, view, onReadable),
        ackDetached: (offset) => this.#onGone(offset),
      },
      publish: (record, reason) => this.#publish(record, reason),
      onKept: () => undefined,
    })
  }

  add(offset: number, reason: ShareDeath, deliveryCount: number): void {
    this.#deaths.set(offset, { reason, deliveryCount })
    this.#letters.add(offset, reason)
    this.#createTopic()
  }

  whenMoved(callback: () => void): void {
    this.#letters.whenMoved(callback)
  }

  close(): void {
    this.#isClosed = true
    this.#deaths.clear()
    this.#letters.close()
  }

  /** As `Backlog.readDetached`. */
  #read(offset: number, view: RecordView, onReadable: () => void): TakeResult {
    const { log } = this.#place.share.partition
    const reading = log.read(offset, view)
    if (reading === 'record') return view.offset === offset ? 'record' : 'empty'
    if (reading === 'end') return 'empty'
    this.#context.store.load(log, reading, (error) => {
      if (error !== undefined && !this.#isClosed) this.#onGone(offset)
      onReadable()
    })
    return 'wait'
  }

  #onGone(offset: number): void {
    this.#deaths.delete(offset)
    this.#place.share.onMoved(offset)
  }

  /** Always true: what has nowhere to go is told and goes nowhere, as in Kafka. Within an atom. */
  #publish(record: RecordView, reason: DeathReason): boolean {
    const death = this.#deaths.get(record.offset)
    const target = this.#place.settings().deadLetter
    if (death === undefined || target === undefined) return true
    const problem = this.#problemOf(target)
    if (problem !== undefined) {
      this.#lose(problem)
      return true
    }
    const { groupId, topic, partition } = this.#place
    const place = { topic: topic.name, partition, offset: record.offset, groupId }
    const headers = {
      ...place,
      deliveryCount: death.deliveryCount,
      message: messages[death.reason],
    }
    const isCopied = target.kind === 'exchange' || target.isCopied
    this.#aimAt(target)
    const dead = withErrorHeaders(record, headers, isCopied)
    if (this.#context.deadLetterer.publish(this.#stream, dead, reason)) {
      this.#context.counters().dead++
    } else this.#lose('no queue or topic takes its dead letters')
    return true
  }

  /** Settings are compared by identity: those of dead letters with the same way stay the same. */
  #aimAt(target: ShareDeadLetterTarget): void {
    const exchange = target.kind === 'topic' ? '' : target.exchange
    const routingKey = target.kind === 'topic' ? target.topic : target.routingKey
    const { deadLetter } = this.#stream.settings
    if (deadLetter?.exchange === exchange && deadLetter.routingKey === routingKey) return
    this.#stream.settings = { deadLetter: { exchange, routingKey, keepsUnroutable: true } }
  }

  /** Why dead letters cannot go there; undefined when they can. Source: KIP-1191. */
  #problemOf(target: ShareDeadLetterTarget): string | undefined {
    if (target.kind === 'exchange') return undefined
    const { topics, ownSettings } = this.#context
    const prefix = ownSettings.get(prefixSetting) ?? 'dlq.'
    const { topic: name } = target
    if (!name.startsWith(prefix))
      return `the name of topic '${name}' does not begin with '${prefix}' (${prefixSetting})`
    const topic = topics.find(name)?.topic
    if (topic === undefined) return `there is no topic '${name}' (${creatingSetting} is not set)`
    if (topic.config.get(enablingConfig) === 'true') return undefined
    return `topic '${name}' does not allow it (set its ${enablingConfig} to true)`
  }

  /** Makes the topic when that is wanted: atoms do not nest, so as soon as this one has ended. */
  #createTopic(): void {
    const target = this.#place.settings().deadLetter
    const { topics, ownSettings, partitionCount } = this.#context
    if (target?.kind !== 'topic' || topics.find(target.topic) !== undefined) return
    if (ownSettings.get(creatingSetting) !== 'true') return
    const { topic: name } = target
    queueMicrotask(() => {
      if (topics.find(name) !== undefined || this.#isClosed) return
      try {
        const configs = { [enablingConfig]: 'true' }
        topics.create({ name, partitionCount, configs, isProvisional: false })
      } catch (error) {
        this.#lose((error as Error).message)
      }
    })
  }

  #lose(problem: string): void {
    this.#context.counters().archived++
    if (this.#told === problem) return
    this.#told = problem
    this.#context.onLost(this.#place.groupId, problem)
  }
}
