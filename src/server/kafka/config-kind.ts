// Things that have settings: topics, the broker, groups, subscriptions to clients' metrics. DescribeConfigs
// and AlterConfigs treat them alike.
import type { SettingValues } from '../../broker/dynamic-settings.ts'
import type { DescribeConfigsResourceResult } from '../../codec/kafka/messages/describe-configs.gen.ts'
import type { Ticket } from '../../log/ticket.ts'

/** What settings belong to, as requests name it. */
export interface ConfigResource {
  readonly resourceType: number
  readonly resourceName: string
}

export const resourceType = {
  topic: 2,
  broker: 4,
  brokerLogger: 8,
  clientMetrics: 16,
  group: 32,
} as const

/** How the settings of one kind of thing are shown, checked and kept. All of it may throw a refusal. */
export interface ConfigKind {
  /** Everything that can be set, with values; undefined when there is no such thing. */
  describe(name: string): readonly DescribeConfigsResourceResult[] | undefined
  /** What was set. Throws when it cannot be changed. */
  read(name: string): SettingValues
  /** What a list has that was not set; undefined when the setting is no list. */
  listDefault(setting: string): string | undefined
  /** All that shall be set, in its usual form. */
  check(name: string, values: SettingValues): SettingValues
  /** Replaces all that was set. */
  write(name: string, values: SettingValues): Ticket | undefined
}
