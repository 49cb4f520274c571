// DescribeAcls, CreateAcls and DeleteAcls (KIP-11, KIP-140, KIP-290). The checks, their order and their texts are
// those of Kafka's AclApis and AclControlManager.
import { type AclFilter, type AclRow, fitsAclFilter } from '../../auth/acl-filter.ts'
import type { Broker } from '../../broker/broker.ts'
import { addAcls, deleteAcls, whyNoAcl, whyNoMoreAcls } from '../../broker/change-access.ts'
import {
  type AclCreation,
  type AclCreationResult,
  type CreateAclsRequest,
  writeAclCreationResult,
} from '../../codec/kafka/messages/create-acls.gen.ts'
import {
  type DeleteAclsFilter,
  type DeleteAclsFilterResult,
  type DeleteAclsRequest,
  writeDeleteAclsFilterResult,
} from '../../codec/kafka/messages/delete-acls.gen.ts'
import {
  type DescribeAclsRequest,
  type DescribeAclsResource,
  writeDescribeAclsResource,
} from '../../codec/kafka/messages/describe-acls.gen.ts'
import type { Steps } from '../../lib/slices.ts'
import { authLimits } from '../../limits/auth.ts'
import type { Ticket } from '../../log/ticket.ts'
import {
  anyCode,
  matchCode,
  nameOf,
  operationCodes,
  patternCodes,
  permissionCodes,
  resourceCodes,
} from './acl-codes.ts'
import { answerTo, type ErrorAnswer, invalidRequest, KafkaRefusal, noError } from './error-code.ts'
import { clusterRefusal } from './permitted-on-cluster.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { untilCaughtUp, untilDurable } from './until-durable.ts'
import { ItemWriter, writeAll } from './write-in-slices.ts'

export const handleDescribeAcls: Handler<'describeAcls'> = async (request, context) => {
  const filter = readFilter(request)
  if (filter instanceof KafkaRefusal) {
    return { throttleTimeMs: 0, ...answerTo(filter), resources: [] }
  }
  const resources = await context.slices.run(describe(filter, context))
  return { throttleTimeMs: 0, errorCode: noError, errorMessage: null, resources }
}

function* describe(
  filter: AclFilter,
  context: RequestContext,
): Steps<readonly DescribeAclsResource[]> {
  const byPattern = new Map<string, AclRow[]>()
  for (const row of yield* findAcls(filter, context.broker)) {
    const key = JSON.stringify([row.resourceType, row.patternType, row.name])
    const rows = byPattern.get(key)
    if (rows === undefined) byPattern.set(key, [row])
    else rows.push(row)
  }
  const writer = new ItemWriter('describeAcls', context, writeDescribeAclsResource)
  return yield* writeAll(writer, describeEach(byPattern.values()))
}

function* describeEach(
  patterns: Iterable<readonly AclRow[]>,
): Generator<DescribeAclsResource, void> {
  for (const rows of patterns) {
    const { resourceType, name, patternType } = rows[0] as AclRow
    yield {
      resourceType: resourceCodes[resourceType],
      resourceName: name,
      patternType: patternCodes[patternType],
      acls: rows.map(describeEntry),
    }
  }
}

function describeEntry({ principal, host, operation, permission }: AclRow): {
  readonly principal: string
  readonly host: string
  readonly operation: number
  readonly permissionType: number
} {
  const permissionType = permissionCodes[permission]
  return { principal, host, operation: operationCodes[operation], permissionType }
}

export const handleCreateAcls: Handler<'createAcls'> = async (request, context) => ({
  throttleTimeMs: 0,
  results: await context.slices.run(create(request, context)),
})

function* create(
  { creations }: CreateAclsRequest,
  context: RequestContext,
): Steps<readonly AclCreationResult[]> {
  const results = new ItemWriter('createAcls', context, writeAclCreationResult)
  const tickets = new Set<Ticket | undefined>()
  const isPermitted = context.access.needsCluster('alter')
  for (const creation of creations) {
    yield* untilCaughtUp(context)
    if (!isPermitted) {
      results.add(clusterRefusal)
      continue
    }
    try {
      tickets.add(createOne(creation, context))
      results.add({ errorCode: noError, errorMessage: null })
    } catch (error) {
      results.add(answerTo(error))
    }
    yield
  }
  yield* untilDurable(tickets)
  return results.finish()
}

function createOne(
  creation: AclCreation,
  { broker, logger, client }: RequestContext,
): Ticket | undefined {
  const row = readCreation(creation)
  const problem = whyNoAcl(row)
  if (problem !== undefined) throw invalidRequest(problem)
  const isThere = broker.access.hasAcl(row)
  const full = isThere ? undefined : whyNoMoreAcls(broker)
  if (full !== undefined) throw new KafkaRefusal('POLICY_VIOLATION', full)
  if (!isThere) logger.info({ user: client.sasl.principal?.user, acl: row }, 'ACL added')
  return addAcls(broker, [row])
}

function readCreation(creation: AclCreation): AclRow {
  const { resourceType, resourcePatternType } = creation
  const { resourceName: name, principal, host, operation, permissionType } = creation
  return {
    resourceType: known('resourceType', resourceCodes, resourceType),
    name,
    patternType: known('patternType', patternCodes, resourcePatternType),
    principal,
    host,
    operation: known('operation', operationCodes, operation),
    permission: known('permissionType', permissionCodes, permissionType),
  }
}

/** Names that Kafka gives to codes that no ACL can have. */
const otherNames: Readonly<Record<number, string>> = { [anyCode]: 'ANY', [matchCode]: 'MATCH' }

function known<Name extends string>(
  what: string,
  codes: Readonly<Record<Name, number>>,
  code: number,
): Name {
  const name = nameOf(codes, code)
  if (name === undefined) throw invalidRequest(`Invalid ${what} ${otherNames[code] ?? 'UNKNOWN'}`)
  return name
}

export const handleDeleteAcls: Handler<'deleteAcls'> = async (request, context) => ({
  throttleTimeMs: 0,
  filterResults: await context.slices.run(deleteEach(request, context)),
})

function* deleteEach(
  { filters }: DeleteAclsRequest,
  context: RequestContext,
): Steps<readonly DeleteAclsFilterResult[]> {
  const { broker } = context
  const found: (readonly AclRow[] | KafkaRefusal)[] = []
  const tickets = new Set<Ticket | undefined>()
  const isPermitted = context.access.needsCluster('alter')
  // Each filter looks at what there was before any is deleted, as in Kafka.
  let count = 0
  for (const filter of filters) {
    if (!isPermitted || count > authLimits.aclsDeletedMax) break
    const asked = readFilter(filter)
    const rows = asked instanceof KafkaRefusal ? asked : yield* findAcls(asked, broker)
    found.push(rows)
    if (!(rows instanceof KafkaRefusal)) count += rows.length
    yield
  }
  const results = new ItemWriter('deleteAcls', context, writeDeleteAclsFilterResult)
  const refusal = isPermitted ? whyTooMany(count) : clusterRefusal
  if (refusal !== undefined) {
    return yield* writeAll(
      results,
      filters.map(() => ({ ...refusal, matchingAcls: [] })),
    )
  }
  for (const rows of found) {
    if (rows instanceof KafkaRefusal) continue
    yield* deleteInSteps(rows, tickets, context)
  }
  yield* untilDurable(tickets)
  return yield* writeAll(results, found.map(resultOf))
}

/** All or none: who deletes only a part would hardly see it in so long an answer. */
function whyTooMany(count: number): ErrorAnswer | undefined {
  const most = authLimits.aclsDeletedMax
  if (count <= most) return undefined
  return answerTo(
    invalidRequest(`Cannot remove more than ${most} acls in a single delete operation.`),
  )
}

function* deleteInSteps(
  rows: readonly AclRow[],
  tickets: Set<Ticket | undefined>,
  context: RequestContext,
): Steps<void> {
  for (let from = 0; from < rows.length; from += authLimits.aclsPerStep) {
    yield* untilCaughtUp(context)
    const some = rows.slice(from, from + authLimits.aclsPerStep)
    tellDeleted(some, context)
    tickets.add(deleteAcls(context.broker, some))
    yield
  }
}

function tellDeleted(rows: readonly AclRow[], { broker, logger, client }: RequestContext): void {
  const user = client.sasl.principal?.user
  for (const acl of rows) if (broker.access.hasAcl(acl)) logger.info({ user, acl }, 'ACL deleted')
}

function resultOf(found: readonly AclRow[] | KafkaRefusal): DeleteAclsFilterResult {
  if (found instanceof KafkaRefusal) return { ...answerTo(found), matchingAcls: [] }
  const matchingAcls = found.map((row) => ({
    errorCode: noError,
    errorMessage: null,
    resourceType: resourceCodes[row.resourceType],
    resourceName: row.name,
    patternType: patternCodes[row.patternType],
    ...describeEntry(row),
  }))
  return { errorCode: noError, errorMessage: null, matchingAcls }
}

/** What a request's filter means; a refusal for one that says something unknown. */
function readFilter(asked: DescribeAclsRequest | DeleteAclsFilter): AclFilter | KafkaRefusal {
  const { resourceTypeFilter, patternTypeFilter, operation, permissionType } = asked
  try {
    const filter = {
      resourceType: anyOr('resourceType', resourceCodes, resourceTypeFilter),
      patternType:
        patternTypeFilter === matchCode
          ? ('match' as const)
          : anyOr('patternType', patternCodes, patternTypeFilter),
      operation: anyOr('operation', operationCodes, operation),
      permission: anyOr('permissionType', permissionCodes, permissionType),
    }
    return {
      ...filter,
      name: asked.resourceNameFilter ?? undefined,
      principal: asked.principalFilter ?? undefined,
      host: asked.hostFilter ?? undefined,
    }
  } catch (error) {
    if (error instanceof KafkaRefusal) return error
    throw error
  }
}

function anyOr<Name extends string>(
  what: string,
  codes: Readonly<Record<Name, number>>,
  code: number,
): Name | undefined {
  return code === anyCode ? undefined : known(what, codes, code)
}

function* findAcls(filter: AclFilter, { access }: Broker): Steps<AclRow[]> {
  const found: AclRow[] = []
  let looked = 0
  for (const row of access.acls()) {
    if (fitsAclFilter(filter, row)) found.push(row)
    if (++looked % authLimits.aclsPerStep === 0) yield
  }
  return found
}
