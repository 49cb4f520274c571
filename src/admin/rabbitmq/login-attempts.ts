// How many logins were right and wrong. Where they came from is not counted, as by a RabbitMQ whose setting
// `track_auth_attempt_source` is off, which it is by default.
import type { Context } from 'hono'
import { z } from 'zod'
import { type ManagementParts, notFound } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'

const tag = 'Logins'
const path = '/auth/attempts/{node}'
const count = z.number().int().nonnegative()

/**
 * RabbitMQ's words. Kafka's clients are left out: rabbitmqadmin 2 cannot read an answer with a protocol that it
 * does not know. Metrics have them.
 */
const protocols = [
  { name: 'amqp091', counted: 'AMQP 0-9-1' },
  { name: 'http', counted: 'HTTP' },
  { name: 'mqtt', counted: 'MQTT' },
  { name: 'stomp', counted: 'STOMP' },
] as const

const attemptsSchema = z.object({
  protocol: z.enum(protocols.map(({ name }) => name)),
  auth_attempts: count,
  auth_attempts_failed: count,
  auth_attempts_succeeded: count,
})

type Logins = ManagementParts['logins']

export function loginAttemptOperations({
  logins,
  clients,
}: Pick<ManagementParts, 'logins' | 'clients'>): Operation[] {
  const facts = { tag, access: 'monitoring' } as const
  return [
    operation({
      ...facts,
      method: 'get',
      path,
      where: 'named-node',
      summary:
        "How many logins of RabbitMQ's protocols were right and wrong since the start, or since this was reset",
      answers: { 200: z.array(attemptsSchema) },
      handle: ({ names, context }) =>
        names.node === clients.nodeName ? attemptsJson(logins) : notFound(context),
    }),
    operation({
      ...facts,
      method: 'get',
      path: `${path}/source`,
      where: 'named-node',
      summary: 'The same by address and user, which are not counted',
      answers: { 200: z.array(z.never()) },
      handle: ({ names, context }) => (names.node === clients.nodeName ? [] : notFound(context)),
    }),
    ...([path, `${path}/source`] as const).map((each) =>
      operation({
        method: 'delete',
        path: each,
        where: 'named-node',
        tag,
        summary: 'Count logins from 0 on; metrics do so, too',
        access: 'administrator',
        answers: { 204: 'There were none' },
        handle: ({ names, context }) =>
          names.node === clients.nodeName ? reset(logins, context) : notFound(context),
      }),
    ),
  ]
}

function attemptsJson(logins: Logins): unknown[] {
  return protocols.map(({ name, counted }) => {
    const { accepted, refused } = logins[counted]
    return {
      protocol: name,
      auth_attempts: accepted + refused,
      auth_attempts_failed: refused,
      auth_attempts_succeeded: accepted,
    }
  })
}

function reset(logins: Logins, context: Context): Response {
  for (const counts of Object.values(logins)) Object.assign(counts, { accepted: 0, refused: 0 })
  return context.body(null, 204)
}
