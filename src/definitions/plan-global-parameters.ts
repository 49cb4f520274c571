// Compares global parameters of a file with those that there are.
import { isDeepStrictEqual } from 'node:util'
import type { Broker } from '../broker/broker.ts'
import {
  findGlobalParameter,
  isGlobalParameterSet,
  whyNoGlobalParameter,
} from '../broker/global-parameters.ts'
import type { Definitions } from './definitions.ts'
import { differencesBetween } from './differences.ts'
import type { PlannedItem } from './plan.ts'

export function planGlobalParameters(
  broker: Broker,
  { globalParameters }: Definitions,
): PlannedItem[] {
  return globalParameters.map((row): PlannedItem => {
    const kind = 'global parameter'
    const { name, value } = row
    const note = whyNoGlobalParameter(broker, row)
    if (note !== undefined) return { kind, name, outcome: 'ignored', note }
    const isSet = isGlobalParameterSet(broker, name)
    if (isSet && isDeepStrictEqual(findGlobalParameter(broker, name), value)) {
      return { kind, name, outcome: 'same' }
    }
    const change = { kind, row } as const
    if (!isSet) return { kind, name, outcome: 'add', change }
    const before = { value: findGlobalParameter(broker, name) }
    return {
      kind,
      name,
      outcome: 'change',
      differences: differencesBetween(before, { value }),
      change,
    }
  })
}
