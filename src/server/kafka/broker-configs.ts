// Settings of the broker, as DescribeConfigs shows them and AlterConfigs changes them: under its id, or
// under '' for all brokers. Refusals have the texts of Kafka's DynamicBrokerConfig.
import type { SettingValues } from '../../broker/dynamic-settings.ts'
import {
  parseSettingValue,
  type SettingRules,
  type SettingType,
} from '../../broker/setting-value.ts'
import type { DescribeConfigsResourceResult } from '../../codec/kafka/messages/describe-configs.gen.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import { brokerConfigTable } from './broker-config-table.ts'
import { BrokerLayers } from './broker-layers.ts'
import { brokerIds } from './brokers-for.ts'
import type { ConfigKind } from './config-kind.ts'
import { configRow, configSource } from './config-row.ts'
import { dynamicBrokerConfigs } from './dynamic-broker-configs.ts'
import { invalidRequest, KafkaRefusal } from './error-code.ts'
import type { KafkaContext, KafkaSettings } from './kafka-context.ts'

const types: ReadonlyMap<string, SettingType> = new Map([
  ...brokerConfigTable.map(([name, type]) => [name, type] as const),
  ...Array.from(dynamicBrokerConfigs, ([name, { type }]) => [name, type] as const),
])
/** Kafka wants them with the name of a listener in front. */
const ofListeners = /^ssl\.(?:(?:key|trust)store\.|key\.password$)/
/** Kafka lets the number of such threads change at most twofold at a time. */
const threads: ReadonlySet<string> = new Set([
  'background.threads',
  'num.io.threads',
  'num.network.threads',
  'num.recovery.threads.per.data.dir',
  'num.replica.fetchers',
])

export function brokerConfigKind(context: KafkaContext, ownLayers: BrokerLayers): ConfigKind {
  const { broker, settings, logger } = context
  /** Of the broker of this name: of a cluster's others, too. */
  const layersOf = (name: string): BrokerLayers => {
    const other = settings.otherBrokers().find(({ nodeId }) => String(nodeId) === name)
    return other === undefined ? ownLayers : new BrokerLayers(context, other)
  }
  return {
    describe: (name) => {
      checkDescribedName(name, settings)
      if (name === '') return describeDefaults(broker.settings.get('broker', ''))
      return describeAll(layersOf(name), [
        ...Object.keys(broker.settings.get('broker', name)),
        ...Object.keys(broker.settings.get('broker', '')),
      ])
    },
    read: (name) => {
      if (name !== '') checkAlteredName(name, settings)
      return broker.settings.get('broker', name)
    },
    listDefault: (setting) => {
      if (!types.has(setting)) {
        throw new KafkaRefusal('INVALID_CONFIG', `Unknown config name: ${setting}`)
      }
      const isList = types.get(setting) === 'list'
      return isList ? (ownLayers.valueOf(setting) ?? '') : undefined
    },
    check: (name, values) => checkBrokerConfigs(values, layersOf(name)),
    write: (name, values) => {
      const before = broker.settings.get('broker', name)
      for (const [setting, value] of Object.entries(values)) {
        if (value === before[setting] || dynamicBrokerConfigs.get(setting)?.isActedOn) continue
        logger.warn(`Kafka's setting ${setting} is kept and shown, and changes nothing here`)
      }
      return broker.settings.put('broker', name, values)
    },
  }
}

/** Everything that the broker has, and what else was set. */
function describeAll(
  layers: BrokerLayers,
  changed: readonly string[],
): DescribeConfigsResourceResult[] {
  const names = new Set([...brokerConfigTable.map(([name]) => name), ...changed])
  return Array.from(names, (name) => {
    const synonyms = layers.of(name)
    // A default in another unit is no value of this setting.
    const value = synonyms[0]?.name === name ? (synonyms[0]?.value ?? null) : null
    const isReadOnly = !dynamicBrokerConfigs.has(name)
    return configRow(name, { type: types.get(name), value, synonyms, isReadOnly })
  })
}

function describeDefaults(values: SettingValues): DescribeConfigsResourceResult[] {
  return Object.entries(values).map(([name, value]) => {
    const synonyms = [{ name, value, source: configSource.dynamicDefaultBroker }]
    const isReadOnly = !dynamicBrokerConfigs.has(name)
    return configRow(name, { type: types.get(name), value, synonyms, isReadOnly })
  })
}

function checkBrokerConfigs(values: SettingValues, layers: BrokerLayers): SettingValues {
  const names = Object.keys(values)
  if (names.length > kafkaLimits.brokerSettingsMax) {
    throw new KafkaRefusal('POLICY_VIOLATION', 'There are too many settings.')
  }
  refuseAny(names.filter(isFixed), 'Cannot update these configs dynamically')
  refuseAny(
    names.filter((name) => ofListeners.test(name)),
    'These security configs can be dynamically updated only per-listener using the listener prefix',
  )
  const checked: Record<string, string> = {}
  for (const [name, text] of Object.entries(values)) {
    const rules = dynamicBrokerConfigs.get(name)
    // Kafka keeps names that it does not know, for classes that may be plugged in.
    checked[name] = rules === undefined ? text : parseBrokerValue(name, text, { rules, layers })
  }
  return checked
}

/** A setting of Kafka's, or of a listener, that only a start can change. */
function isFixed(name: string): boolean {
  if (dynamicBrokerConfigs.has(name) || ofListeners.test(name)) return false
  return types.has(name) || name.startsWith('listener.name.')
}

function refuseAny(names: readonly string[], problem: string): void {
  if (names.length > 0) throw invalidRequest(`${problem}: [${names.join(', ')}]`)
}

function parseBrokerValue(
  name: string,
  text: string,
  { rules, layers }: { readonly rules: SettingRules; readonly layers: BrokerLayers },
): string {
  let value: string
  try {
    value = parseSettingValue(name, text, rules)
  } catch (error) {
    // Kafka has another code for the broker's settings than for those of topics.
    throw invalidRequest((error as Error).message)
  }
  const problem = threadProblem(name, Number(value), Number(layers.valueOf(name)))
  if (problem === undefined) return value
  throw invalidRequest(
    `Invalid value org.apache.kafka.common.config.ConfigException: ${problem} for configuration Invalid dynamic configuration`,
  )
}

function threadProblem(name: string, wanted: number, current: number): string | undefined {
  const half = Math.trunc(current / 2)
  if (name === 'log.cleaner.threads') {
    if (wanted < 1) return 'Log cleaner threads should be at least 1'
    const cannot = 'Log cleaner threads cannot be'
    if (wanted < half) return `${cannot} reduced to less than half the current value ${current}`
    return wanted > current * 2
      ? `${cannot} increased to more than double the current value ${current}`
      : undefined
  }
  if (!threads.has(name) || wanted === current) return undefined
  const start = `Dynamic thread count update validation failed for ${name}=${wanted}`
  if (wanted <= 0) return `${start}, value should be at least 1`
  if (wanted < half) return `${start}, value should be at least half the current value ${current}`
  return wanted > current * 2
    ? `${start}, value should not be greater than double the current value ${current}`
    : undefined
}

function checkDescribedName(name: string, settings: KafkaSettings): void {
  if (name === '' || isBroker(name, settings)) return
  if (!/^[+-]?\d+$/.test(name)) {
    throw invalidRequest(`Broker id must be an integer, but it is: ${name}`)
  }
  throw invalidRequest(
    `Unexpected broker id, expected ${settings.nodeId} or empty string, but received ${name}`,
  )
}

function checkAlteredName(name: string, settings: KafkaSettings): void {
  if (isBroker(name, settings)) return
  if (!/^[+-]?\d+$/.test(name)) {
    throw invalidRequest(`Node id must be an integer, but it is: ${name}`)
  }
  throw invalidRequest(`Unexpected broker id, expected ${settings.nodeId}, but received ${name}`)
}

function isBroker(name: string, settings: KafkaSettings): boolean {
  return brokerIds(settings).some((id) => String(id) === name)
}
