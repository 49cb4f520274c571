import type { SettingType } from '../../broker/setting-value.ts'
import type {
  DescribeConfigsResourceResult,
  DescribeConfigsSynonym,
} from '../../codec/kafka/messages/describe-configs.gen.ts'

/** Where a value is from: ConfigSource of DescribeConfigs. */
export const configSource = {
  topic: 1,
  dynamicBroker: 2,
  dynamicDefaultBroker: 3,
  staticBroker: 4,
  default: 5,
  clientMetrics: 7,
  group: 8,
} as const

/** ConfigType of DescribeConfigs. */
const typeCodes: Readonly<Record<SettingType, number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9,
}
const unknownType = 0

export interface ConfigRowParts {
  readonly value: string | null
  /** Undefined for a setting that nobody knows: it may be a secret. */
  readonly type: SettingType | undefined
  /** The places that have a value, the one that counts first. */
  readonly synonyms: readonly DescribeConfigsSynonym[]
  readonly isReadOnly?: boolean
}

/** One setting as DescribeConfigs shows it; secrets without their values. */
export function configRow(
  name: string,
  { value, type, synonyms, isReadOnly = false }: ConfigRowParts,
): DescribeConfigsResourceResult {
  const isSensitive = type === undefined || type === 'password'
  const hidden = synonyms.map((synonym) => ({ ...synonym, value: null }))
  return {
    name,
    value: isSensitive ? null : value,
    configSource: synonyms[0]?.source ?? configSource.default,
    synonyms: isSensitive ? hidden : synonyms,
    readOnly: isReadOnly,
    isSensitive,
    configType: type === undefined ? unknownType : typeCodes[type],
    documentation: null,
  }
}
