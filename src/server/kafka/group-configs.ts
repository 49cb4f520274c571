// Settings of groups (KIP-848, KIP-932, KIP-1071), whether there is such a group or not. Names, defaults,
// bounds and texts are Kafka's, but for the two that begin with `pabal.`.
import type { SettingValues } from '../../broker/dynamic-settings.ts'
import { attemptsSetting, deadLetterSetting } from '../../broker/set-aside.ts'
import {
  atLeast,
  oneOf,
  parseSettingValue,
  type SettingCheck,
  type SettingType,
} from '../../broker/setting-value.ts'
import { isTopicName } from '../../broker/topic/topic-name.ts'
import { groupLimits } from '../../limits/group.ts'
import type { BrokerLayers } from './broker-layers.ts'
import type { ConfigKind } from './config-kind.ts'
import { configRow, configSource } from './config-row.ts'
import { invalidRequest, KafkaRefusal } from './error-code.ts'
import type { KafkaContext } from './kafka-context.ts'

interface GroupConfigDefinition {
  readonly type: SettingType
  readonly check?: SettingCheck
  /** Of a setting that the broker has no default for. */
  readonly default?: string
}

const int: GroupConfigDefinition = { type: 'int', check: atLeast(1) }
const count: GroupConfigDefinition = { type: 'int', check: atLeast(0) }
const priority: SettingCheck = (value) =>
  Number(value) >= 0 && Number(value) <= 255 ? undefined : { reason: 'must be from 0 to 255' }
const resetPattern =
  /^by_duration:P(?!$)(?:\d+D)?(?:T(?!$)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?$/i
const offsetReset: SettingCheck = (value) =>
  value === 'latest' || value === 'earliest' || resetPattern.test(value)
    ? undefined
    : {
        reason:
          "must be 'earliest', 'latest' or of the format by_duration:PnDTnHnMn.nS where duration is not negative",
      }

const deadLetterTopic: SettingCheck = (value) => {
  if (value === '') return undefined
  if (!isTopicName(value)) return { reason: 'must be the name of a topic' }
  return value.startsWith('__') ? { reason: "DLQ topic name must not start with '__'" } : undefined
}

const definitions: Readonly<Record<string, GroupConfigDefinition>> = {
  'consumer.assignment.interval.ms': count,
  'consumer.heartbeat.interval.ms': int,
  'consumer.session.timeout.ms': int,
  // KIP-1191, of Kafka 4.4.
  'errors.deadletterqueue.copy.record.enable': { type: 'boolean', default: 'false' },
  'errors.deadletterqueue.topic.name': { type: 'string', default: '', check: deadLetterTopic },
  // Pabal's own: through an exchange, as queues have it.
  'pabal.share.dead.letter.exchange': { type: 'string', default: '' },
  'pabal.share.dead.letter.routing.key': { type: 'string', default: '' },
  // As `x-max-priority` of a queue on a topic.
  'pabal.share.max.priority': { type: 'int', default: '0', check: priority },
  'share.assignment.interval.ms': count,
  'share.auto.offset.reset': { type: 'string', default: 'latest', check: offsetReset },
  'share.delivery.count.limit': int,
  'share.heartbeat.interval.ms': int,
  'share.isolation.level': {
    type: 'string',
    default: 'read_uncommitted',
    check: oneOf('read_committed', 'read_uncommitted'),
  },
  'share.partition.max.record.locks': int,
  'share.record.lock.duration.ms': { type: 'int', check: atLeast(1000) },
  'share.renew.acknowledge.enable': { type: 'boolean', default: 'true' },
  'share.session.timeout.ms': int,
  [attemptsSetting]: int,
  [deadLetterSetting]: { type: 'string' },
  'streams.assignment.interval.ms': count,
  'streams.heartbeat.interval.ms': int,
  'streams.initial.rebalance.delay.ms': count,
  'streams.num.standby.replicas': count,
  'streams.session.timeout.ms': int,
}

export function groupConfigKind(
  { broker, logger }: KafkaContext,
  layers: BrokerLayers,
): ConfigKind {
  const { settings } = broker
  return {
    describe: (name) => {
      if (name === '') throw invalidRequest('Group name must not be empty')
      const set = settings.get('group', name)
      return Object.entries(definitions).map(([setting, { type }]) => {
        const value = set[setting]
        const own =
          value === undefined ? [] : [{ name: setting, value, source: configSource.group }]
        const synonyms = [...own, ...defaultLayers(setting, layers)]
        return configRow(setting, { type, value: synonyms[0]?.value ?? null, synonyms })
      })
    },
    read: (name) => {
      if (name === '') throw invalidRequest('Default group resources are not allowed.')
      return settings.get('group', name)
    },
    listDefault: () => undefined,
    check: (name, values) => {
      const isNew = Object.keys(settings.get('group', name)).length === 0
      if (isNew && settings.count('group') >= groupLimits.groupsMax) {
        throw new KafkaRefusal('POLICY_VIOLATION', 'Too many groups have settings of their own.')
      }
      return checkGroupConfigs(values, layers)
    },
    write: (name, values) => {
      if (Object.keys(values).some((setting) => setting.startsWith('streams.'))) {
        logger.warn(
          `Settings of ${name} as a streams group are kept and shown: there are no such groups`,
        )
      }
      return settings.put('group', name, values)
    },
  }
}

function defaultLayers(setting: string, layers: BrokerLayers): ReturnType<BrokerLayers['of']> {
  const value = definitions[setting]?.default
  if (value === undefined) return layers.of(`group.${setting}`)
  return [{ name: setting, value, source: configSource.default }]
}

function checkGroupConfigs(values: SettingValues, layers: BrokerLayers): SettingValues {
  const checked: Record<string, string> = {}
  for (const [name, text] of Object.entries(values)) {
    const definition = Object.hasOwn(definitions, name) ? definitions[name] : undefined
    if (definition === undefined) {
      throw new KafkaRefusal('INVALID_CONFIG', `Unknown group config name: ${name}`)
    }
    checked[name] = parseSettingValue(name, text, definition)
    checkBounds(name, checked[name], layers)
  }
  if (checked[attemptsSetting] !== undefined && (checked[deadLetterSetting] ?? '') === '') {
    const text = `${attemptsSetting} needs ${deadLetterSetting}: where records go after so many attempts`
    throw new KafkaRefusal('INVALID_CONFIG', text)
  }
  for (const kind of ['consumer', 'share', 'streams']) {
    const [session, heartbeat] = [`${kind}.session.timeout.ms`, `${kind}.heartbeat.interval.ms`]
    const valueOf = (name: string): number =>
      Number(checked[name] ?? layers.valueOf(`group.${name}`))
    if (valueOf(session) > valueOf(heartbeat)) continue
    throw new KafkaRefusal('INVALID_CONFIG', `${session} must be greater than ${heartbeat}`)
  }
  return checked
}

/** The broker's settings for all groups say what one group may have. */
function checkBounds(name: string, value: string, layers: BrokerLayers): void {
  const [kind = '', ...rest] = name.split('.')
  const bounded = name === 'streams.num.standby.replicas' ? 'standby.replicas' : rest.join('.')
  const [least, most] = [`group.${kind}.min.${bounded}`, `group.${kind}.max.${bounded}`]
  const min = layers.valueOf(least)
  if (min !== null && Number(value) < Number(min)) {
    throw new KafkaRefusal('INVALID_CONFIG', `${name} must be greater than or equal to ${least}`)
  }
  const max = layers.valueOf(most)
  if (max !== null && Number(value) > Number(max)) {
    throw new KafkaRefusal('INVALID_CONFIG', `${name} must be less than or equal to ${most}`)
  }
}
