// DescribeClientQuotas and AlterClientQuotas (KIP-546). The checks, their order and their texts are those of
// Kafka's ClientQuotasImage and ClientQuotaControlManager.
import { alterQuotas } from '../../broker/quota/alter-quotas.ts'
import { type QuotaEntry, usualEntity } from '../../broker/quota/client-quotas.ts'
import {
  type QuotaEntity,
  quotaEntityKey,
  type QuotaEntityType,
  quotaEntityTypes,
} from '../../broker/quota/quota-entity.ts'
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
import { clusterRefusal } from './permitted-on-cluster.ts'
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
  if (!access.needsCluster('alter-configs')) return clusterRefusal
  try {
    const entity = toEntity(parts)
    const key = quotaEntityKey(entity)
    if (seen.has(key)) throw invalidRequest('Ignoring duplicate entity')
    seen.add(key)
    const changes = changesOf(ops)
    const ticket = alterQuotas(broker.quotas, { entity, changes, isDryRun })
    if (ticket !== undefined) tickets.add(ticket)
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
  return usualEntity(entity)
}

function changesOf(ops: RequestEntryData['ops']): Record<string, number | null> {
  const changes = new Map<string, number | null>()
  for (const { key, value, remove } of ops) {
    if (changes.has(key)) {
      throw invalidRequest(`Duplicate quota key ${key} not updating quota for this entity`)
    }
    changes.set(key, remove ? null : value)
  }
  return Object.fromEntries(changes)
}
