/** What settings belong to, as DescribeConfigs and AlterConfigs name it. */
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
