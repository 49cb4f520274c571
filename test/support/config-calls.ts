// DescribeConfigs and IncrementalAlterConfigs about one thing, as tests ask about it.
import type { DescribeConfigsResult } from '../../src/codec/kafka/messages/describe-configs.gen.ts'
import type { KafkaRawClient } from './kafka-raw-client.ts'

/** Kinds of things that have settings. */
export const configType = {
  topic: 2,
  broker: 4,
  brokerLogger: 8,
  clientMetrics: 16,
  group: 32,
} as const

/** Where a value is from. */
export const configSource = {
  topic: 1,
  broker: 2,
  allBrokers: 3,
  static: 4,
  default: 5,
  clientMetrics: 7,
  group: 8,
} as const

export const operation = { set: 0, delete: 1, append: 2, subtract: 3 } as const

export type Change = readonly [name: string, value: string | null, operation?: number]

interface DescribeOptions {
  /** All settings when it is missing. */
  readonly keys?: readonly string[] | null
  readonly includeSynonyms?: boolean
}

export class ConfigCalls {
  readonly #client: KafkaRawClient

  constructor(client: KafkaRawClient) {
    this.#client = client
  }

  async describeOne(
    resourceType: number,
    resourceName: string,
    options: DescribeOptions = {},
  ): Promise<DescribeConfigsResult> {
    const { keys = null, includeSynonyms = true } = options
    const { results } = await this.#client.call('describeConfigs', {
      resources: [{ resourceType, resourceName, configurationKeys: keys }],
      includeSynonyms,
      includeDocumentation: false,
    })
    return results[0] as DescribeConfigsResult
  }

  async alter(
    resourceType: number,
    resourceName: string,
    changes: readonly Change[],
  ): Promise<readonly [code: number, message: string | null]> {
    const configs = changes.map(([name, value, configOperation = operation.set]) => ({
      name,
      value,
      configOperation,
    }))
    const { responses } = await this.#client.call('incrementalAlterConfigs', {
      resources: [{ resourceType, resourceName, configs }],
      validateOnly: false,
    })
    return [responses[0]?.errorCode ?? -1, responses[0]?.errorMessage ?? null]
  }

  /** value@source of one setting, then name=value@source of each that has a value for it. */
  async shown(resourceType: number, resourceName: string, name: string): Promise<string[]> {
    const result = await this.describeOne(resourceType, resourceName, { keys: [name] })
    const [row] = result.configs
    return [`${row?.value}@${row?.configSource}`, ...synonymsOf(result, name)]
  }
}

/** name=value@source of each that has a value for a setting. */
export function synonymsOf(result: DescribeConfigsResult, name: string): string[] {
  const row = result.configs.find((each) => each.name === name)
  return (row?.synonyms ?? []).map((each) => `${each.name}=${each.value}@${each.source}`)
}
