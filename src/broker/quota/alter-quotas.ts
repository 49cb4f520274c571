// Changes some quotas of an entity and leaves the others as they are.
import type { Ticket } from '../../log/ticket.ts'
import { preconditionFailed } from '../broker-error.ts'
import { type ClientQuotas, usualEntity } from './client-quotas.ts'
import type { QuotaEntity } from './quota-entity.ts'
import { type QuotaValues, whyNoQuotaEntity, whyNoQuotaValue } from './quota-rules.ts'

export interface QuotaAlteration {
  readonly entity: QuotaEntity
  /** Null takes a quota back, whether there is one or not. */
  readonly changes: Readonly<Record<string, number | null>>
  /** Only look whether it could be done. */
  readonly isDryRun: boolean
}

/** Throws `precondition_failed` and `resource_exhausted`; nothing has changed then. */
export function alterQuotas(quotas: ClientQuotas, asked: QuotaAlteration): Ticket | undefined {
  const { entity, changes, isDryRun } = asked
  const problem = whyNoQuotaEntity(entity)
  if (problem !== undefined) throw preconditionFailed(problem)
  const usual = usualEntity(entity)
  const values = valuesAfter(usual, quotas.valuesOf(usual), changes)
  return isDryRun ? undefined : quotas.put(usual, values)
}

function valuesAfter(
  entity: QuotaEntity,
  before: QuotaValues,
  changes: QuotaAlteration['changes'],
): QuotaValues {
  const values = new Map(Object.entries(before))
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) values.delete(name)
    else {
      const problem = whyNoQuotaValue(entity, name, value)
      if (problem !== undefined) throw preconditionFailed(problem)
      values.set(name, value)
    }
  }
  return Object.fromEntries(values)
}
