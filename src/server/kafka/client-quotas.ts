// DescribeClientQuotas and AlterClientQuotas (KIP-546). The checks, their order and their texts are those of
// Kafka's ClientQuotasImage and ClientQuotaControlManager.
import { type QuotaEntry, usualEntity } from '../../broker/quota/client-quotas.ts'
import {
  type QuotaEntity,
  quotaEntityKey,
  type QuotaEntityType,
  quotaEntityTypes,
} from '../../broker/quota/quota-entity.ts'
import { whyNoQuotaEntity, whyNoQuotaValue } from '../../broker/quota/quota-rules.ts'
import type {
  AlterClientQuotasRequest,
  RequestEntryData,
  ResponseEntryData,
} from '../../codec/kafka/messages/alter-client-quotas.gen.ts'
import {
  type ComponentData,
  type DescribeClientQuotasRequest,
  type EntryData,
  writeEntryData,
} from '../../codec/kafka/messages/describe-client-quotas.gen.ts'
import type { Steps } from '../../lib/slices.ts'
import type { Ticket } from '../../log/ticket.ts'
import { answerTo, type ErrorAnswer, invalidRequest, KafkaRefusal, noError } from './error-code.ts'
import { onlyForAdministrators } from './for-administrators.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { untilDurable } from './until-durable.ts'
import { writeInSlices } from './write-in-slices.ts'

const matchType = { exact: 0, default: 1, specified: 2 } as const

export const handleDescribeClientQuotas: Handler<'describeClientQuotas'> = async (
  request,
  context,
) => {
  const found = { throttleTimeMs: 0, errorCode: noError, errorMessage: null }
  try {
    checkFilter(request)
  } catch (error) {
    return { ...found, ...answerTo(error), entries: null }
  }
  const write = writeEntryData
  const entries = describeEach(request, context)
  return { ...found, entries: await writeInSlices('describeClientQuotas', context, write, entries) }
}

function checkFilter({ components }: DescribeClientQuotasRequest): void {
  const seen = new Set<string>()
  for (const component of components) {
    const { entityType } = component
    if (entityType === '') throw invalidRequest('Invalid empty entity type.')
    if (seen.has(entityType)) {
      throw invalidRequest(`Entity type ${entityType} cannot appear more than once in the filter.`)
    }
    if (!isEntityType(entityType)) {
      throw new KafkaRefusal('UNSUPPORTED_VERSION', `Unsupported entity type ${entityType}`)
    }
    seen.add(entityType)
    checkMatch(component)
  }
  if (!seen.has('ip') || seen.size === 1) return
  throw invalidRequest(
    'Invalid entity filter component combination. IP filter component should not be used with user or clientId filter component.',
  )
}

function checkMatch({ matchType: type, match }: ComponentData): void {
  switch (type) {
    case matchType.exact:
      if (match !== null) return
      throw invalidRequest('Request specified MATCH_TYPE_EXACT, but set match string to null.')
    case matchType.default:
    case matchType.specified:
      if (match === null) return
      throw invalidRequest(
        `Request specified MATCH_TYPE_${type === matchType.default ? 'DEFAULT' : 'SPECIFIED'}, but also specified a match string.`,
      )
    default:
      throw invalidRequest(`Unknown match type ${type}`)
  }
}

function isEntityType(type: string): type is QuotaEntityType {
  return quotaEntityTypes.some((known) => known === type)
}

function* describeEach(
  request: DescribeClientQuotasRequest,
  { broker }: RequestContext,
): Generator<EntryData | undefined, void> {
  for (const entry of broker.quotas.entries()) {
    yield matches(entry.entity, request) ? toEntryData(entry) : undefined
  }
}

/** Strict: the entity has no part that the filter does not name. */
function matches(
  entity: QuotaEntity,
  { components, strict }: DescribeClientQuotasRequest,
): boolean {
  if (strict && Object.keys(entity).length !== components.length) return false
  return components.every(({ entityType, matchType: type, match }) => {
    const name = entity[entityType as QuotaEntityType]
    if (name === undefined) return false
    // A default has no name, as a filter for it.
    return type === matchType.specified || name === usualName(entityType, match)
  })
}

function usualName(type: string, name: string | null): string | null {
  return type === 'ip' ? (usualEntity({ ip: name }).ip ?? null) : name
}

function toEntryData({ entity, values }: QuotaEntry): EntryData {
  return {
    entity: quotaEntityTypes.flatMap((entityType) => {
      const entityName = entity[entityType]
      return entityName === undefined ? [] : [{ entityType, entityName }]
    }),
    values: Object.entries(values).map(([key, value]) => ({ key, value })),
  }
}

export const handleAlterClientQuotas: Handler<'alterClientQuotas'> = async (request, context) => ({
  throttleTimeMs: 0,
  entries: await context.slices.run(alterAll(request, context)),
})

function* alterAll(
  { entries, validateOnly: isDryRun }: AlterClientQuotasRequest,
  context: RequestContext,
): Steps<readonly ResponseEntryData[]> {
  const tickets = new Set<Ticket | undefined>()
  const manner = { isDryRun, tickets, seen: new Set<string>() }
  const answers: ResponseEntryData[] = []
  for (const entry of entries) {
    answers.push({ entity: entry.entity, ...alterOne(entry, manner, context) })
    yield
  }
  yield* untilDurable(tickets)
  return answers
}

/** How the entries of one request are changed. */
interface Manner {
  readonly isDryRun: boolean
  readonly tickets: Set<Ticket | undefined>
  /** Entities that the request has named so far. */
  readonly seen: Set<string>
}

function alterOne(
  { entity: parts, ops }: RequestEntryData,
  { isDryRun, tickets, seen }: Manner,
  { access, broker }: RequestContext,
): ErrorAnswer {
  if (!access.isAdministrator) return onlyForAdministrators
  try {
    const entity = toEntity(parts)
    const key = quotaEntityKey(entity)
    if (seen.has(key)) throw invalidRequest('Ignoring duplicate entity')
    seen.add(key)
    const values = valuesAfter(entity, broker.quotas.valuesOf(entity), ops)
    if (!isDryRun) tickets.add(broker.quotas.put(entity, values))
    return { errorCode: noError, errorMessage: null }
  } catch (error) {
    return answerTo(error)
  }
}

function toEntity(parts: RequestEntryData['entity']): QuotaEntity {
  const entity: Partial<Record<QuotaEntityType, string | null>> = {}
  for (const { entityType, entityName } of parts) {
    if (!isEntityType(entityType)) {
      throw invalidRequest(`Unhandled client quota entity type: ${entityType}`)
    }
    if (entity[entityType] !== undefined) {
      throw invalidRequest(`Invalid client quota entity, duplicate entity entry ${entityType}`)
    }
    entity[entityType] = entityName
  }
  const problem = whyNoQuotaEntity(entity)
  if (problem !== undefined) throw invalidRequest(problem)
  return usualEntity(entity)
}

function valuesAfter(
  entity: QuotaEntity,
  before: Readonly<Record<string, number>>,
  ops: RequestEntryData['ops'],
): Record<string, number> {
  const values = new Map(Object.entries(before))
  const named = new Set<string>()
  for (const { key, value, remove } of ops) {
    if (named.has(key)) {
      throw invalidRequest(`Duplicate quota key ${key} not updating quota for this entity`)
    }
    named.add(key)
    if (remove) {
      values.delete(key)
      continue
    }
    const problem = whyNoQuotaValue(entity, key, value)
    if (problem !== undefined) throw invalidRequest(problem)
    values.set(key, value)
  }
  return Object.fromEntries(values)
}
