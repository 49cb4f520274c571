// The places that have a value for a setting of the broker: set by a client for it or for all brokers, set
// at the start, Kafka's default. The first one counts.
import type { CertificateName } from '../../auth/certificate-user.ts'
import type { Broker } from '../../broker/broker.ts'
import type { DescribeConfigsSynonym } from '../../codec/kafka/messages/describe-configs.gen.ts'
import { formatAddress } from '../../lib/listen.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import { topicLimits } from '../../limits/topic.ts'
import { transactionLimits } from '../../limits/transaction.ts'
import { brokerConfigTable } from './broker-config-table.ts'
import { logDir } from './cluster.ts'
import { configSource } from './config-row.ts'
import type { KafkaContext, OtherBroker } from './kafka-context.ts'
import { saslMechanismsOf } from './sasl-state.ts'

const defaults: ReadonlyMap<string, string | null> = new Map(
  brokerConfigTable.map(([name, _type, value]) => [name, value]),
)
/** Settings whose default is that of another one, in another unit. */
const otherUnits: Readonly<Record<string, string>> = {
  'log.flush.interval.ms': 'log.flush.scheduler.interval.ms',
  'log.retention.ms': 'log.retention.hours',
  'log.roll.jitter.ms': 'log.roll.jitter.hours',
  'log.roll.ms': 'log.roll.hours',
}

/** What Kafka would be told to find the same users in certificates. */
const mappingRules: Readonly<Record<CertificateName, string>> = {
  'distinguished-name': 'DEFAULT',
  'common-name': 'RULE:^(?:.*,)?CN=([^,]+).*$/$1/',
}

type LayersContext = Pick<KafkaContext, 'broker' | 'settings' | 'users'>

/**
 * What this broker has set, or does differently; of another one of the cluster, which is thought to have been started
 * alike. Values that equal Kafka's defaults count as such.
 */
function ownSettings(
  { settings, users }: LayersContext,
  other: OtherBroker | undefined,
): ReadonlyMap<string, string> {
  const { groups } = settings
  const nodeId = other?.nodeId ?? settings.nodeId
  const { consumer } = groups
  const listeners = settings
    .listeners()
    .flatMap(({ name, advertised }) => {
      const elsewhere = name.endsWith('SSL') ? other?.secure : other?.plain
      const address = other === undefined ? advertised() : elsewhere
      return address === undefined ? [] : [`${name}://${formatAddress(address)}`]
    })
    .join(',')
  return new Map([
    ['advertised.listeners', listeners],
    ['authorizer.class.name', 'org.apache.kafka.metadata.authorizer.StandardAuthorizer'],
    ['auto.create.topics.enable', String(settings.isAutoCreating)],
    ['broker.id', String(nodeId)],
    ['connections.max.reauth.ms', String(settings.sessionMsMax)],
    ['fetch.max.bytes', String(kafkaLimits.fetchAnswerSizeMax)],
    ['group.consumer.assignment.interval.ms', String(consumer.assignmentIntervalMs)],
    ['group.consumer.assignors', consumer.assignors.join(',')],
    ['group.consumer.heartbeat.interval.ms', String(consumer.heartbeatIntervalMs)],
    ['group.consumer.max.heartbeat.interval.ms', String(consumer.heartbeatIntervalMsMax)],
    ['group.consumer.max.session.timeout.ms', String(consumer.sessionTimeoutMsMax)],
    ['group.consumer.max.size', String(consumer.membersMax)],
    ['group.consumer.migration.policy', consumer.migrationPolicy],
    ['group.consumer.min.heartbeat.interval.ms', String(consumer.heartbeatIntervalMsMin)],
    ['group.consumer.min.session.timeout.ms', String(consumer.sessionTimeoutMsMin)],
    ['group.consumer.session.timeout.ms', String(consumer.sessionTimeoutMs)],
    ['group.coordinator.rebalance.protocols', 'classic,consumer'],
    ['group.initial.rebalance.delay.ms', String(groups.initialRebalanceDelayMs)],
    ['group.max.session.timeout.ms', String(groups.sessionTimeoutMsMax)],
    ['group.max.size', String(groups.membersMax)],
    ['group.min.session.timeout.ms', String(groups.sessionTimeoutMsMin)],
    ['listeners', listeners],
    ['log.dirs', logDir],
    ['max.incremental.fetch.session.cache.slots', String(kafkaLimits.fetchSessionsMax)],
    ['node.id', String(nodeId)],
    ['num.partitions', String(settings.partitionCount)],
    ['offset.metadata.max.bytes', String(groups.offsetMetadataSizeMax)],
    ['offsets.topic.replication.factor', '1'],
    ['process.roles', 'broker,controller'],
    ['producer.id.expiration.ms', String(topicLimits.producerIdExpirationMs)],
    ['sasl.enabled.mechanisms', saslMechanismsOf(users).join(',')],
    ['sasl.server.max.receive.size', String(kafkaLimits.kafkaLoginSizeMax)],
    ['share.coordinator.state.topic.min.isr', '1'],
    ['share.coordinator.state.topic.replication.factor', '1'],
    ['socket.request.max.bytes', String(kafkaLimits.kafkaRequestSizeMax)],
    ['ssl.principal.mapping.rules', mappingRules[settings.certificateName]],
    [
      'transaction.abort.timed.out.transaction.cleanup.interval.ms',
      String(transactionLimits.sweepMs),
    ],
    ['transaction.max.timeout.ms', String(transactionLimits.timeoutMsMax)],
    ['transaction.state.log.min.isr', '1'],
    ['transaction.state.log.replication.factor', '1'],
    ['transactional.id.expiration.ms', String(transactionLimits.idExpirationMs)],
  ])
}

/** Made for one request: listeners may open meanwhile. */
export class BrokerLayers {
  readonly #settings: Broker['settings']
  readonly #brokerId: string
  readonly #own: ReadonlyMap<string, string>

  /** Of this broker, or of another one of the cluster. */
  constructor(context: LayersContext, other?: OtherBroker) {
    const { broker, settings } = context
    this.#settings = broker.settings
    this.#brokerId = String(other?.nodeId ?? settings.nodeId)
    this.#own = ownSettings(context, other)
  }

  /** The layers of a setting; empty when it has no value at all. */
  of(name: string): DescribeConfigsSynonym[] {
    const layers = this.#changedFor(name, this.#brokerId, configSource.dynamicBroker)
    layers.push(...this.#changedFor(name, '', configSource.dynamicDefaultBroker))
    const fallback = defaults.get(name) ?? null
    const own = this.#own.get(name)
    if (own !== undefined && own !== fallback) {
      layers.push({ name, value: own, source: configSource.staticBroker })
    }
    const other = fallback === null && layers.length > 0 ? otherUnits[name] : undefined
    if (other !== undefined) return [...layers, ...this.of(other)]
    if (fallback !== null) layers.push({ name, value: fallback, source: configSource.default })
    return layers
  }

  /** What counts; null when there is no value. */
  valueOf(name: string): string | null {
    const [first] = this.of(name)
    return first?.value ?? null
  }

  #changedFor(name: string, brokerId: string, source: number): DescribeConfigsSynonym[] {
    const value = this.#settings.get('broker', brokerId)[name]
    return value === undefined ? [] : [{ name, value, source }]
  }
}
