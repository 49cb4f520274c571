// Sends a record that a share group could not process where its dead letters go: to a topic, as in Kafka (KIP-1191), or
// through an exchange, as the dead letters of queues.
import type { LogStore } from '../../log/log-store.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { DeadLetterer, DyingStream } from '../dead-letterer.ts'
import type { DeadLetterSettings } from '../queue/queue-settings.ts'
import type { BrokerValues } from '../topic/topic-defaults.ts'
import type { Topic } from '../topic/topic.ts'
import type { Topics } from '../topic/topics.ts'
import { withErrorHeaders } from '../with-error-headers.ts'
import type { ShareDeath } from './dead-records.ts'
import type { ShareCounters } from './share-counters.ts'
import type { ShareDeadLetterTarget, ShareSettings } from './share-settings.ts'

export interface ShareSenderContext {
  readonly store: LogStore
  readonly topics: Topics
  readonly vhost: string
  readonly ownSettings: BrokerValues
  readonly deadLetterer: DeadLetterer
  /** Of the topics that the broker makes for dead letters. */
  readonly partitionCount: number
  readonly counters: () => ShareCounters
  /** Dead records of a group have nowhere to go and are lost. Told once for each group and reason. */
  readonly onLost: (groupId: string, reason: string) => void
}

/** A partition of a group in which records die. */
export interface SendingPlace {
  readonly groupId: string
  readonly topic: Topic
  /** Its number. */
  readonly partition: number
  readonly settings: () => ShareSettings
}

const prefixSetting = 'errors.deadletterqueue.topic.name.prefix'
const creatingSetting = 'errors.deadletterqueue.auto.create.topics.enable'
const enablingConfig = 'errors.deadletterqueue.group.enable'

const messages: Readonly<Record<ShareDeath, string>> = {
  rejected: 'The record was rejected by a member of the group.',
  expired: 'The time to live of the record was over before a member got it.',
  delivery_limit: 'The record has been delivered as often as it may be.',
}

export class ShareDeadLetterSender {
  readonly #place: SendingPlace
  readonly #context: ShareSenderContext
  readonly #stream: DyingStream & { settings: { deadLetter: DeadLetterSettings | undefined } }
  #told: string | undefined

  constructor(place: SendingPlace, context: ShareSenderContext) {
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
  }

  /** What has nowhere to go is told and goes nowhere, as in Kafka. Within an atom. */
  send(record: RecordView, reason: ShareDeath, deliveryCount: number): void {
    const target = this.#place.settings().deadLetter
    if (target === undefined) return
    const problem = this.#problemOf(target)
    if (problem !== undefined) {
      this.#lose(problem)
      return
    }
    const { groupId, topic, partition } = this.#place
    const place = { topic: topic.name, partition, offset: record.offset, groupId }
    const headers = { ...place, deliveryCount, message: messages[reason] }
    const isCopied = target.kind === 'exchange' || target.isCopied
    this.#aimAt(target)
    const dead = withErrorHeaders(record, headers, isCopied)
    if (this.#context.deadLetterer.publish(this.#stream, dead, reason)) {
      this.#context.counters().dead++
    } else this.#lose('no queue or topic takes its dead letters')
  }

  /** Makes the topic where dead letters go, when that is wanted. Not within an atom. */
  createTopic(): void {
    const target = this.#place.settings().deadLetter
    const { topics, partitionCount } = this.#context
    if (!this.isTopicMissing || target?.kind !== 'topic') return
    try {
      const configs = { [enablingConfig]: 'true' }
      topics.create({ name: target.topic, partitionCount, configs, isProvisional: false })
    } catch (error) {
      this.#lose((error as Error).message)
    }
  }

  /** The topic where dead letters go is not there, and is to be made. */
  get isTopicMissing(): boolean {
    const target = this.#place.settings().deadLetter
    const { topics, ownSettings } = this.#context
    if (target?.kind !== 'topic' || topics.find(target.topic) !== undefined) return false
    return ownSettings.get(creatingSetting) === 'true'
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

  #lose(problem: string): void {
    this.#context.counters().archived++
    if (this.#told === problem) return
    this.#told = problem
    this.#context.onLost(this.#place.groupId, problem)
  }
}
