// What a pattern fits, for who writes a permission or a policy. Nothing is set.
import { z } from 'zod'
import type { Broker } from '../../broker/broker.ts'
import { checkPolicy } from '../../broker/policy/check-policy.ts'
import { type PolicyPreview, previewPolicy } from '../../broker/policy/preview-policy.ts'
import { notFound } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'
import { nameText } from '../rabbitmq/fields.ts'

export interface PatternTestJson {
  readonly problem: string | null
  readonly streams: { readonly total: number; readonly matched: number }
  readonly exchanges: { readonly total: number; readonly matched: number }
  readonly wins: number
  readonly leaves: number
  readonly examples: readonly {
    readonly kind: 'queue' | 'topic' | 'exchange'
    readonly name: string
    readonly policy_now: string | null
    readonly wins: boolean
  }[]
}

const bodySchema = z.strictObject({
  pattern: z.string(),
  apply_to: z
    .enum(['all', 'queues', 'classic_queues', 'quorum_queues', 'streams', 'exchanges'])
    .default('all'),
  name: nameText.default('').describe('Of the policy; one of this name counts as replaced'),
  priority: z.number().default(0),
  definition: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('Values by key; left out, only the pattern counts'),
  operator: z.boolean().default(false).describe("It is an operators' policy"),
})

const counts = z.object({ total: z.number().int(), matched: z.number().int() })

const answerSchema: z.ZodType<PatternTestJson> = z.object({
  problem: z.string().nullable().describe('Why the pattern or the policy cannot be used'),
  streams: counts.describe('Queues and topics of the virtual host, and those that it is for'),
  exchanges: counts,
  wins: z.number().int().describe('For how many a policy with it would be in force'),
  leaves: z.number().int().describe('For how many the policy of this name would end'),
  examples: z.array(
    z.object({
      kind: z.enum(['queue', 'topic', 'exchange']),
      name: z.string(),
      policy_now: z.string().nullable(),
      wins: z.boolean(),
    }),
  ),
})

const nothing: PolicyPreview = {
  streams: { total: 0, matched: 0 },
  exchanges: { total: 0, matched: 0 },
  wins: 0,
  leaves: 0,
  examples: [],
}

/** Any definition will do where only the pattern is asked for. */
const anyDefinition = { 'max-length': 1 }

export function patternTestOperation(broker: Broker): Operation {
  return operation({
    method: 'post',
    path: '/v1/pattern-test/{vhost}',
    tag: 'Policies',
    summary: 'Say which queues, topics and exchanges a pattern, or a policy with it, would be for',
    access: 'policymaker',
    isUntold: true,
    body: bodySchema,
    answers: { 200: answerSchema },
    async handle({ names, body, context }) {
      const vhost = broker.findVHost(names.vhost)
      if (vhost === undefined) return notFound(context)
      const { apply_to: applyTo, operator: isOperator, definition, ...asked } = body
      const own = { vhost: vhost.name, isOperator, applyTo, ...asked }
      const checked = checkPolicy({ ...own, definition: definition ?? anyDefinition })
      if (checked.policy === undefined) return previewJson(nothing, checked.problems.join('; '))
      const policy =
        definition === undefined ? { ...checked.policy, definition: {} } : checked.policy
      return previewJson(await broker.slices.run(previewPolicy(vhost, policy)), null)
    },
  })
}

function previewJson(preview: PolicyPreview, problem: string | null): PatternTestJson {
  const { streams, exchanges, wins, leaves, examples } = preview
  return {
    problem,
    streams,
    exchanges,
    wins,
    leaves,
    examples: examples.map((each) => ({
      kind: each.kind,
      name: each.name,
      policy_now: each.policyNow ?? null,
      wins: each.wins,
    })),
  }
}
