// What the settings of a share group say: its own, else the broker's, else Kafka's defaults.
// Source: KIP-932, KIP-1191 (dead letters); names and defaults of Kafka 4.3 and 4.4.
import { shareLimits } from '../../limits/share.ts'
import type { DynamicSettings, SettingValues } from '../dynamic-settings.ts'
import type { BrokerValues } from '../topic/topic-defaults.ts'

/** Where a group begins in a partition that is new to it: after all that is there, before it, or some time ago. */
export type ShareStart =
  | { readonly kind: 'latest' }
  | { readonly kind: 'earliest' }
  | { readonly kind: 'duration'; readonly ms: number }

/** Where the records go that a group could not process. */
export type ShareDeadLetterTarget =
  | { readonly kind: 'topic'; readonly topic: string; readonly isCopied: boolean }
  | {
      readonly kind: 'exchange'
      readonly exchange: string
      /** Undefined: by the key that the record came with. */
      readonly routingKey: string | undefined
    }

export interface ShareSettings {
  readonly sessionTimeoutMs: number
  readonly heartbeatMs: number
  readonly assignmentMs: number
  readonly recordLockMs: number
  /** How often a record is handed out at most. */
  readonly deliveriesMax: number
  readonly recordLocksMax: number
  /** Records go by their priorities, of which this is the highest; 0: by their offsets. */
  readonly priorityMax: number
  readonly start: ShareStart
  /** Records of transactions that are open or were aborted are not handed out. */
  readonly isCommittedOnly: boolean
  /** Members may renew their locks (KIP-1222). */
  readonly mayRenew: boolean
  /** Undefined: those records are archived and nothing more. */
  readonly deadLetter: ShareDeadLetterTarget | undefined
}

/** What is set for groups, and for the broker. */
export interface ShareSettingsContext {
  readonly settings: DynamicSettings
  readonly ownSettings: BrokerValues
}

export function shareSettingsOf(
  { settings, ownSettings }: ShareSettingsContext,
  groupId: string,
): ShareSettings {
  const own = settings.get('group', groupId)
  const number = (name: string, fallback: number): number =>
    Number(own[`share.${name}`] ?? ownSettings.get(`group.share.${name}`) ?? fallback)
  return {
    sessionTimeoutMs: number('session.timeout.ms', shareLimits.shareSessionTimeoutMs),
    heartbeatMs: number('heartbeat.interval.ms', shareLimits.shareHeartbeatMs),
    assignmentMs: number('assignment.interval.ms', shareLimits.shareAssignmentMs),
    recordLockMs: number('record.lock.duration.ms', shareLimits.recordLockMs),
    deliveriesMax: number('delivery.count.limit', shareLimits.shareDeliveriesMax),
    recordLocksMax: number('partition.max.record.locks', shareLimits.recordLocksMax),
    priorityMax: Number(own['pabal.share.max.priority'] ?? 0),
    start: startOf(own['share.auto.offset.reset']),
    isCommittedOnly: own['share.isolation.level'] === 'read_committed',
    mayRenew: own['share.renew.acknowledge.enable'] !== 'false',
    deadLetter: shareDeadLetterOf(own),
  }
}

/** How many members a share group may have, and how many share sessions there may be. */
export function shareMaximaOf({ ownSettings }: ShareSettingsContext): {
  readonly members: number
  readonly sessions: number
} {
  const number = (name: string, fallback: number): number =>
    Number(ownSettings.get(`group.share.${name}`) ?? fallback)
  return {
    members: number('max.size', shareLimits.shareGroupMembersMax),
    sessions: number('max.share.sessions', shareLimits.shareSessionsMax),
  }
}

const durationPattern =
  /^by_duration:P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i
const hourMs = 3_600_000

function startOf(text = 'latest'): ShareStart {
  if (text === 'earliest' || text === 'latest') return { kind: text }
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] = durationPattern.exec(text) ?? []
  const ms =
    Number(days) * 24 * hourMs +
    Number(hours) * hourMs +
    Number(minutes) * 60_000 +
    Number(seconds) * 1000
  return { kind: 'duration', ms: Math.floor(ms) }
}

/** Where a share group with these settings of its own has its dead letters. */
export function shareDeadLetterOf(own: SettingValues): ShareDeadLetterTarget | undefined {
  const topic = own['errors.deadletterqueue.topic.name'] ?? ''
  if (topic !== '') {
    const isCopied = own['errors.deadletterqueue.copy.record.enable'] === 'true'
    return { kind: 'topic', topic, isCopied }
  }
  const exchange = own['pabal.share.dead.letter.exchange'] ?? ''
  const routingKey = own['pabal.share.dead.letter.routing.key'] ?? ''
  // The default exchange needs the name of a queue.
  if (exchange === '' && routingKey === '') return undefined
  return { kind: 'exchange', exchange, routingKey: routingKey === '' ? undefined : routingKey }
}
