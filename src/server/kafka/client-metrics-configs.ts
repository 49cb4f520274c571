// Subscriptions to clients' metrics (KIP-714). They are kept and shown, as by a Kafka without a receiver of
// metrics: clients are not told of them, because the telemetry APIs are not served.
import type { SettingValues } from '../../broker/dynamic-settings.ts'
import { itemsOf, parseSettingValue, type SettingType } from '../../broker/setting-value.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import type { ConfigKind } from './config-kind.ts'
import { configRow, configSource } from './config-row.ts'
import { invalidRequest, KafkaRefusal } from './error-code.ts'
import type { KafkaContext } from './kafka-context.ts'

const definitions: Readonly<Record<string, readonly [type: SettingType, fallback: string]>> = {
  'interval.ms': ['int', '300000'],
  match: ['list', ''],
  metrics: ['list', ''],
}
const matchable: ReadonlySet<string> = new Set([
  'client_instance_id',
  'client_id',
  'client_software_name',
  'client_software_version',
  'client_source_address',
  'client_source_port',
])
const intervalMs = { min: 100, max: 3_600_000 } as const

export function clientMetricsConfigKind({ broker, logger }: KafkaContext): ConfigKind {
  const { settings } = broker
  return {
    describe: (name) => {
      if (name === '') throw invalidRequest('Client metrics subscription name must not be empty')
      const set = settings.get('client-metrics', name)
      return Object.entries(definitions).map(([setting, [type, fallback]]) => {
        const value = set[setting]
        const synonyms =
          value === undefined ? [] : [{ name: setting, value, source: configSource.clientMetrics }]
        return configRow(setting, { type, value: value ?? fallback, synonyms })
      })
    },
    read: (name) => {
      if (name === '') throw invalidRequest("Subscription name can't be empty")
      return settings.get('client-metrics', name)
    },
    listDefault: (setting) => {
      const definition = Object.hasOwn(definitions, setting) ? definitions[setting] : undefined
      return definition?.[0] === 'list' ? definition[1] : undefined
    },
    check: (name, values) => {
      const isNew = Object.keys(settings.get('client-metrics', name)).length === 0
      if (isNew && settings.count('client-metrics') >= kafkaLimits.clientMetricsMax) {
        throw new KafkaRefusal('POLICY_VIOLATION', 'There are too many subscriptions.')
      }
      return checkClientMetrics(values)
    },
    write: (name, values) => {
      if (Object.keys(values).length > 0) {
        logger.warn(
          `The subscription ${name} is kept and shown: no client is asked for its metrics`,
        )
      }
      return settings.put('client-metrics', name, values)
    },
  }
}

function checkClientMetrics(values: SettingValues): SettingValues {
  const checked: Record<string, string> = {}
  for (const [name, text] of Object.entries(values)) {
    const definition = Object.hasOwn(definitions, name) ? definitions[name] : undefined
    if (definition === undefined) {
      throw invalidRequest(`Unknown client metrics configuration: ${name}`)
    }
    checked[name] = parseSettingValue(name, text, { type: definition[0] })
  }
  const { 'interval.ms': interval, match = '' } = checked
  if (interval !== undefined) checkInterval(interval)
  for (const pattern of itemsOf(match)) checkPattern(pattern)
  return checked
}

function checkInterval(value: string): void {
  const ms = Number(value)
  if (ms >= intervalMs.min && ms <= intervalMs.max) return
  throw invalidRequest(
    `Invalid value ${value} for interval.ms, interval must be between 100 and 3600000 (1 hour)`,
  )
}

/** Such as `client_software_version=11.1.*`. */
function checkPattern(pattern: string): void {
  const [name = '', expression, ...rest] = pattern.split('=')
  const isSound =
    rest.length === 0 &&
    expression !== undefined &&
    matchable.has(name.trim()) &&
    isExpression(expression.trim())
  if (isSound) return
  throw new KafkaRefusal('INVALID_CONFIG', `Illegal client matching pattern: ${pattern}`)
}

function isExpression(text: string): boolean {
  try {
    return new RegExp(text).source !== ''
  } catch {
    return false
  }
}
