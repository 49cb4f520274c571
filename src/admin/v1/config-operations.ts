// What the broker was started with, and who has changed what since then.
import { z } from 'zod'
import type { ManagementParts } from '../answers.ts'
import { answerList, listOf, listQuery } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'
import { gatherList } from '../cluster/gather-list.ts'
import { storageOperation } from './storage-operation.ts'

const tag = 'Broker'

const settingSchema = z.object({
  setting: z.string(),
  value: z.unknown(),
  origin: z.string().describe('A flag, a variable, a file, or default'),
  description: z.string(),
})

const auditSchema = z.object({
  time: z.number().int().describe('Milliseconds since the Unix epoch'),
  user: z.string(),
  address: z.string().describe('Empty for the local socket'),
  method: z.string(),
  path: z.string(),
})

const auditQuery = listQuery.and(
  z.object({
    since: z.coerce
      .number()
      .int()
      .nonnegative()
      .optional()
      .describe('Only later ones; milliseconds since the Unix epoch'),
    user: z.string().optional().describe('Only those of this user'),
  }),
)

export function configOperations(parts: ManagementParts): Operation[] {
  const { broker, settings, audit } = parts
  return [
    storageOperation(parts),
    operation({
      method: 'get',
      path: '/v1/config',
      where: 'node',
      tag,
      summary: 'Each setting of the broker, and where its value is from',
      access: 'administrator',
      answers: { 200: z.array(settingSchema) },
      handle: () => settings,
    }),
    operation({
      method: 'get',
      path: '/v1/audit',
      where: gatherList('nodes', [{ column: 'time', isDescending: true }]),
      tag,
      summary: 'The last changes by this API and by commands, the newest first',
      access: 'administrator',
      query: auditQuery,
      answers: { 200: listOf(auditSchema) },
      handle: ({ query }) =>
        answerList(broker.slices, query, {
          items: entriesOf(audit, query),
          json: (entry) => ({ ...entry }),
          nameOf: ({ path }) => path,
        }),
    }),
  ]
}

function entriesOf(
  audit: ManagementParts['audit'],
  { since = 0, user }: z.infer<typeof auditQuery>,
): ReturnType<ManagementParts['audit']['entries']> {
  return audit
    .entries()
    .filter((entry) => entry.time >= since && (user === undefined || entry.user === user))
}
