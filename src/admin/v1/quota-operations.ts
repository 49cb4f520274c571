// Quotas of Kafka's clients: who has which, set and taken back.
import { z } from 'zod'
import type { Broker } from '../../broker/broker.ts'
import { alterQuotas } from '../../broker/quota/alter-quotas.ts'
import type { QuotaEntry } from '../../broker/quota/client-quotas.ts'
import { quotaEntityKey, quotaEntityText } from '../../broker/quota/quota-entity.ts'
import { whenDurable } from '../../broker/when-durable.ts'
import { compareNames } from '../../lib/compare-names.ts'
import { answerList, listOf, listQuery } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'

const tag = 'Quotas'

const entitySchema = z
  .strictObject({
    user: z.string().nullable().optional(),
    'client-id': z.string().nullable().optional(),
    ip: z.string().nullable().optional(),
  })
  .describe(
    'A user, a client id, both, or an address; null is the default for all without their own',
  )

const quotaSchema = z.object({
  name: z.string().describe('The entity in words'),
  entity: entitySchema,
  quotas: z
    .record(z.string(), z.number())
    .describe(
      'producer_byte_rate, consumer_byte_rate, request_percentage and controller_mutation_rate of users and client ids, connection_creation_rate of addresses',
    ),
})

const alterBody = z.strictObject({
  entity: entitySchema,
  quotas: z.record(z.string(), z.number().nullable()).describe('Null takes one back'),
  dry_run: z.boolean().optional().describe('Only look whether it could be done'),
})

export function quotaOperations({
  quotas,
  slices,
}: Pick<Broker, 'quotas' | 'slices'>): Operation[] {
  return [
    operation({
      method: 'get',
      path: '/v1/quotas',
      where: 'first',
      tag,
      summary: "Quotas of Kafka's clients",
      access: 'monitoring',
      query: listQuery,
      answers: { 200: listOf(quotaSchema) },
      handle: ({ query }) =>
        answerList(slices, query, {
          items: [...quotas.entries()],
          json: (entry) => ({ ...quotaJson(entry) }),
          nameOf: ({ entity }) => quotaEntityText(entity),
          compare: (a, b) => compareNames(quotaEntityKey(a.entity), quotaEntityKey(b.entity)),
        }),
    }),
    operation({
      method: 'put',
      path: '/v1/quotas',
      where: 'first',
      tag,
      summary: "Set quotas of one of Kafka's clients, or take them back",
      access: 'administrator',
      body: alterBody,
      answers: { 204: 'Done, and in force' },
      async handle({ body, context }) {
        const { entity, quotas: changes, dry_run: isDryRun = false } = body
        await whenDurable(alterQuotas(quotas, { entity, changes, isDryRun }))
        return context.body(null, 204)
      },
    }),
  ]
}

function quotaJson({ entity, values }: QuotaEntry): z.infer<typeof quotaSchema> {
  return { name: quotaEntityText(entity), entity, quotas: values }
}
