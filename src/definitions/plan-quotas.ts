// Compares quotas of Kafka's clients in a file with those that there are.
import type { Broker } from '../broker/broker.ts'
import { quotaEntityText } from '../broker/quota/quota-entity.ts'
import type { Definitions } from './definitions.ts'
import { differencesBetween } from './differences.ts'
import type { PlannedItem } from './plan.ts'

export function planQuotas({ quotas }: Broker, defined: Definitions): PlannedItem[] {
  return defined.quotas.map((row): PlannedItem => {
    const item = { kind: 'quota', name: quotaEntityText(row.entity) } as const
    const before = quotas.valuesOf(row.entity)
    const differences = differencesBetween(before, row.values)
    if (differences.length === 0) return { ...item, outcome: 'same' }
    const change = { kind: 'quota', row } as const
    if (Object.keys(before).length === 0) return { ...item, outcome: 'add', change }
    return { ...item, outcome: 'change', differences, change }
  })
}
