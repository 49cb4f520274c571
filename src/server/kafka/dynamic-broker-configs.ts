// The broker's settings that clients may change while it runs (KIP-226), of those that Kafka lets them
// change: no listeners, certificates and classes, which have settings of their own here.
import {
  atLeast,
  between,
  type SettingCheck,
  type SettingRules,
  type SettingType,
} from '../../broker/setting-value.ts'
import { topicConfigs } from '../../broker/topic/topic-config.ts'
import { brokerSettingFor } from '../../broker/topic/topic-defaults.ts'
import { shareLimits } from '../../limits/share.ts'
import { brokerConfigTable } from './broker-config-table.ts'

export interface DynamicBrokerConfig extends SettingRules {
  /** The broker acts on it; others are kept and shown, because they mean nothing here. */
  readonly isActedOn: boolean
}

/**
 * Kept and shown. Threads and buffers are Kafka's way to divide work, its remote storage is not ours, and nobody logs
 * in by Kerberos or to another broker.
 */
const kept: Readonly<Record<string, SettingCheck | undefined>> = {
  'background.threads': atLeast(1),
  'log.cleaner.io.buffer.load.factor': undefined,
  'log.cleaner.io.buffer.size': atLeast(0),
  'log.cleaner.threads': atLeast(0),
  'num.io.threads': atLeast(1),
  'num.network.threads': atLeast(1),
  'num.recovery.threads.per.data.dir': atLeast(1),
  'num.replica.fetchers': undefined,
  'remote.fetch.max.wait.ms': atLeast(1),
  'remote.list.offsets.request.timeout.ms': atLeast(1),
  'remote.log.index.file.cache.total.size.bytes': atLeast(1),
  'remote.log.manager.copier.thread.pool.size': atLeast(1),
  'remote.log.manager.copy.max.bytes.per.second': atLeast(1),
  'remote.log.manager.expiration.thread.pool.size': atLeast(1),
  'remote.log.manager.fetch.max.bytes.per.second': atLeast(1),
  'remote.log.manager.follower.thread.pool.size': atLeast(1),
  'remote.log.reader.threads': atLeast(1),
  'sasl.kerberos.kinit.cmd': undefined,
  'sasl.kerberos.min.time.before.relogin': undefined,
  'sasl.kerberos.principal.to.local.rules': undefined,
  'sasl.kerberos.service.name': undefined,
  'sasl.kerberos.ticket.renew.jitter': undefined,
  'sasl.kerberos.ticket.renew.window.factor': undefined,
  'sasl.login.refresh.buffer.seconds': between(0, 3600),
  'sasl.login.refresh.min.period.seconds': between(0, 900),
  'sasl.login.refresh.window.factor': between(0.5, 1),
  'sasl.login.refresh.window.jitter': between(0, 0.25),
  'transaction.partition.verification.enable': undefined,
}
/** In no list of settings, because they exist only when somebody sets them; the same. */
const quotas = [
  'follower.replication.throttled.rate',
  'leader.replication.throttled.rate',
  'replica.alter.log.dirs.io.max.bytes.per.second',
] as const
const actedOn: Readonly<Record<string, SettingCheck | undefined>> = {
  'errors.deadletterqueue.auto.create.topics.enable': undefined,
  'errors.deadletterqueue.topic.name.prefix': undefined,
  'group.share.assignment.interval.ms': atLeast(0),
  'group.share.delivery.count.limit': between(2, 10),
  'group.share.heartbeat.interval.ms': atLeast(1),
  'group.share.max.share.sessions': between(1, shareLimits.shareSessionsMax),
  'group.share.max.size': between(1, shareLimits.shareMembersMax),
  'group.share.partition.max.record.locks': between(100, 10_000),
  'group.share.record.lock.duration.ms': between(1000, 3_600_000),
  'group.share.session.timeout.ms': atLeast(1),
  'log.cleaner.backoff.ms': atLeast(0),
  'log.cleaner.dedupe.buffer.size': undefined,
  'log.cleaner.io.max.bytes.per.second': undefined,
  'max.connection.creation.rate': atLeast(0),
  'max.connections': atLeast(0),
  'max.connections.per.ip': atLeast(0),
  'max.connections.per.ip.overrides': overrides,
  'producer.id.expiration.ms': between(1, 2 ** 31 - 1),
  // Kafka has these in its file only, which there is none of here.
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': between(1, 2 ** 31 - 1),
  'transaction.max.timeout.ms': between(1, 2 ** 31 - 1),
  'transactional.id.expiration.ms': between(1, 2 ** 31 - 1),
}

/** `address:count` between commas; names of hosts are not looked up. */
function overrides(value: string): ReturnType<SettingCheck> {
  const item = String.raw`\s*[\da-fA-F.:]+:\d{1,9}\s*`
  const isSound = value === '' || new RegExp(`^${item}(?:,${item})*$`).test(value)
  return isSound ? undefined : { reason: 'Must be a list of address:count' }
}

const types: ReadonlyMap<string, SettingType> = new Map(
  brokerConfigTable.map(([name, type]) => [name, type]),
)

function rows(
  checks: Readonly<Record<string, SettingCheck | undefined>>,
  isActedOn: boolean,
): [string, DynamicBrokerConfig][] {
  return Object.entries(checks).map(([name, check]) => [
    name,
    { type: types.get(name) ?? 'string', check, isActedOn },
  ])
}

function topicDefaultRows(): [string, DynamicBrokerConfig][] {
  return Object.entries(topicConfigs).flatMap(([topicSetting, { type, check }]) => {
    const name = brokerSettingFor(topicSetting)
    return name === undefined ? [] : [[name, { type, check, isActedOn: true }]]
  })
}

export const dynamicBrokerConfigs: ReadonlyMap<string, DynamicBrokerConfig> = new Map([
  ...rows(kept, false),
  ...quotas.map((name): [string, DynamicBrokerConfig] => [
    name,
    { type: 'long', check: atLeast(0), isActedOn: false },
  ]),
  ...rows(actedOn, true),
  ...topicDefaultRows(),
])
