// Where a file keeps quotas of Kafka's clients: among the global parameters, which RabbitMQ takes as they are and
// gives back.
import { usualEntity } from '../broker/quota/client-quotas.ts'
import { type QuotaEntity, quotaEntityKey, quotaEntityTypes } from '../broker/quota/quota-entity.ts'
import { type QuotaValues, whyNoQuotaEntity, whyNoQuotaValue } from '../broker/quota/quota-rules.ts'
import type { QuotaDefined } from './definitions.ts'
import { ItemReader, MalformedError } from './item-reader.ts'

const prefix = 'pabal-quota '

export function quotaParameterName(entity: QuotaEntity): string {
  return prefix + quotaEntityKey(entity)
}

export function isQuotaParameter(name: string): boolean {
  return name.startsWith(prefix)
}

/** Reads what a parameter of this kind has for a value. Throws `MalformedError`. */
export function readQuotaParameter(item: ItemReader): QuotaDefined {
  const entity = readEntity(new ItemReader(`${item.path}.entity`, item.object('entity')))
  const values: Record<string, number> = {}
  for (const [name, value] of Object.entries(item.object('quotas'))) {
    const problem =
      typeof value === 'number' ? whyNoQuotaValue(entity, name, value) : 'should be a number'
    if (problem !== undefined) throw new MalformedError(`${item.path}.quotas.${name}: ${problem}`)
    values[name] = Number(value)
  }
  return { entity, values: values satisfies QuotaValues }
}

function readEntity(item: ItemReader): QuotaEntity {
  const parts = quotaEntityTypes.flatMap((type): [string, string | null][] => {
    const value = item.plain(type)
    if (value === undefined) return []
    if (value === null || typeof value === 'string') return [[type, value]]
    throw new MalformedError(`${item.path}.${type} should be text or null`)
  })
  const entity: QuotaEntity = Object.fromEntries(parts)
  const problem = whyNoQuotaEntity(entity)
  if (problem !== undefined) throw new MalformedError(`${item.path}: ${problem}`)
  return usualEntity(entity)
}
