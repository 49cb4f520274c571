// ACLs, which Kafka's clients manage by their own protocol: listed, added and deleted. A change is in force at once,
// and answered when it is durable.
import { z } from 'zod'
import { type AclFilter, type AclRow, fitsAclFilter, keyOfAcl } from '../../auth/acl-filter.ts'
import { aclFromJson, type AclJson, aclToJson, aclWords } from '../../auth/acl-json.ts'
import { BrokerError } from '../../broker/broker-error.ts'
import type { Broker } from '../../broker/broker.ts'
import { addAcls, deleteAcls, whyNoAcl, whyNoMoreAcls } from '../../broker/change-access.ts'
import { whenDurable } from '../../broker/when-durable.ts'
import { compareNames } from '../../lib/compare-names.ts'
import type { Steps } from '../../lib/slices.ts'
import { authLimits } from '../../limits/auth.ts'
import { roomToDeclare } from '../answers.ts'
import { answerList, listOf, listParameters } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'

const tag = 'Permissions'
const access = 'administrator' as const

const text = z.string().max(authLimits.aclTextSizeMax)
const words = {
  resource_type: z.enum(aclWords.resource_type),
  operation: z.enum(aclWords.operation),
  permission: z.enum(aclWords.permission),
}

const aclSchema: z.ZodType<AclJson> = z.strictObject({
  ...words,
  name: text.describe('Of a topic, a group, …; * for all, kafka-cluster for the cluster'),
  pattern_type: z
    .enum(aclWords.pattern_type)
    .default('literal')
    .describe('prefixed: of all that begins with name'),
  principal: text.describe('User:app; User:* for everyone who has logged in'),
  host: text.default('*').describe('Address that clients come from; * for any'),
})

const filterShape = {
  resource_type: words.resource_type.optional(),
  resource_name: text.optional().describe('The name of what it is about'),
  pattern_type: z
    .enum([...aclWords.pattern_type, 'match'])
    .optional()
    .describe('match: what counts for this name, with all prefixes of it and *'),
  principal: text.optional(),
  host: text.optional(),
  operation: words.operation.optional(),
  permission: words.permission.optional(),
}

const filterSchema = z.strictObject({
  ...filterShape,
  dry_run: z.boolean().default(false).describe('Only answer what would be deleted'),
})

type FilterAsked = z.infer<typeof filterSchema>

export function aclOperations(broker: Broker): Operation[] {
  return [
    operation({
      method: 'get',
      path: '/v1/acls',
      where: 'first',
      tag,
      summary: "ACLs, as Kafka's clients have them; what each field of the query says narrows it",
      access,
      query: z.object({ ...listParameters, ...filterShape }),
      answers: { 200: listOf(aclSchema) },
      async handle({ query }) {
        const { page, page_size, name, use_regex, sort, sort_reverse, columns } = query
        const items = await broker.slices.run(find(broker, filterOf(query)))
        return answerList(
          broker.slices,
          { page, page_size, name, use_regex, sort, sort_reverse, columns },
          {
            items,
            json: (row) => ({ ...aclToJson(row) }),
            nameOf: (row) => row.name,
            compare: byResource,
          },
        )
      },
    }),
    operation({
      method: 'post',
      path: '/v1/acls',
      where: 'first',
      tag,
      summary: 'Add ACLs; those that are there stay',
      access,
      body: z.strictObject({ acls: z.array(aclSchema).max(authLimits.aclsPerStep) }),
      answers: { 200: z.object({ added: z.number().int() }) },
      async handle({ body }) {
        const asked = body.acls.map(aclFromJson)
        const rows = [...new Map(asked.map((row) => [keyOfAcl(row), row])).values()]
        const problem = rows.map(whyNoAcl).find((each) => each !== undefined)
        if (problem !== undefined) throw new BrokerError('precondition_failed', problem)
        await roomToDeclare(broker)
        const added = rows.filter((row) => !broker.access.hasAcl(row))
        const full = added.length > 0 ? whyNoMoreAcls(broker) : undefined
        if (full !== undefined) throw new BrokerError('resource_exhausted', full)
        await whenDurable(addAcls(broker, added))
        return { added: added.length }
      },
    }),
    operation({
      method: 'post',
      path: '/v1/acls/delete',
      where: 'first',
      tag,
      summary: 'Delete the ACLs that a filter finds, and answer which',
      access,
      body: filterSchema,
      answers: { 200: z.object({ deleted: z.array(aclSchema) }) },
      async handle({ body }) {
        await roomToDeclare(broker)
        const rows = await broker.slices.run(find(broker, filterOf(body)))
        if (rows.length > authLimits.aclsDeletedMax) {
          const most = authLimits.aclsDeletedMax
          throw new BrokerError('precondition_failed', `more than ${most} ACLs: narrow the filter`)
        }
        if (!body.dry_run) await broker.slices.run(deleteAll(broker, rows))
        return { deleted: rows.toSorted(byResource).map(aclToJson) }
      },
    }),
  ]
}

function filterOf(asked: Omit<FilterAsked, 'dry_run'>): AclFilter {
  const { resource_type: resourceType, resource_name: name, pattern_type: patternType } = asked
  const { principal, host, operation: each, permission } = asked
  return { resourceType, name, patternType, principal, host, operation: each, permission }
}

function* find(broker: Broker, filter: AclFilter): Steps<AclRow[]> {
  const found: AclRow[] = []
  let looked = 0
  for (const row of broker.access.acls()) {
    if (fitsAclFilter(filter, row)) found.push(row)
    if (++looked % authLimits.aclsPerStep === 0) yield
  }
  return found
}

function* deleteAll(broker: Broker, rows: readonly AclRow[]): Steps<void> {
  const pending: Promise<void>[] = []
  for (let from = 0; from < rows.length; from += authLimits.aclsPerStep) {
    pending.push(whenDurable(deleteAcls(broker, rows.slice(from, from + authLimits.aclsPerStep))))
    yield
  }
  yield Promise.all(pending).then(() => undefined)
}

function byResource(a: AclRow, b: AclRow): number {
  return (
    compareNames(a.resourceType, b.resourceType) ||
    compareNames(a.name, b.name) ||
    compareNames(a.principal, b.principal)
  )
}
