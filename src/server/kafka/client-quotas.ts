// DescribeClientQuotas and AlterClientQuotas (KIP-546). No quotas are kept, because none would be enforced:
// there is none to describe, and setting one is refused.
import {
  type AlterClientQuotasRequest,
  type RequestEntryData,
  type ResponseEntryData,
  writeResponseEntryData,
} from '../../codec/kafka/messages/alter-client-quotas.gen.ts'
import type {
  ComponentData,
  DescribeClientQuotasRequest,
} from '../../codec/kafka/messages/describe-client-quotas.gen.ts'
import { answerTo, type ErrorAnswer, invalidRequest, KafkaRefusal, noError } from './error-code.ts'
import { clusterRefusal } from './permitted-on-cluster.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { writeInSlices } from './write-in-slices.ts'

const entityTypes: ReadonlySet<string> = new Set(['ip', 'user', 'client-id'])
const matchType = { exact: 0, default: 1, specified: 2 } as const

export const handleDescribeClientQuotas: Handler<'describeClientQuotas'> = (request) => {
  try {
    checkFilter(request)
    return { throttleTimeMs: 0, errorCode: noError, errorMessage: null, entries: [] }
  } catch (error) {
    return { throttleTimeMs: 0, ...answerTo(error), entries: null }
  }
}

function checkFilter({ components }: DescribeClientQuotasRequest): void {
  const seen = new Set<string>()
  for (const component of components) {
    const { entityType } = component
    if (entityType === '') throw invalidRequest('Invalid empty entity type.')
    if (seen.has(entityType)) {
      throw invalidRequest(`Entity type ${entityType} cannot appear more than once in the filter.`)
    }
    if (!entityTypes.has(entityType)) {
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

export const handleAlterClientQuotas: Handler<'alterClientQuotas'> = async (request, context) => ({
  throttleTimeMs: 0,
  entries: await writeInSlices(
    'alterClientQuotas',
    context,
    writeResponseEntryData,
    alterEach(request, context),
  ),
})

function* alterEach(
  { entries }: AlterClientQuotasRequest,
  { access }: RequestContext,
): Generator<ResponseEntryData, void> {
  for (const entry of entries) {
    const answer = access.needsCluster('alter-configs') ? alterOne(entry) : clusterRefusal
    yield { entity: entry.entity, ...answer }
  }
}

/** Taking back a quota that is not there is done. */
function alterOne({ ops }: RequestEntryData): ErrorAnswer {
  if (ops.every(({ remove }) => remove)) return { errorCode: noError, errorMessage: null }
  return answerTo(invalidRequest('Quotas of clients are not enforced, so none can be set.'))
}
