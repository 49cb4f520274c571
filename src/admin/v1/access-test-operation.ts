// Whether a user may do something, and which permission, tag or setting says so. Nothing is done.
import { z } from 'zod'
import type { Broker } from '../../broker/broker.ts'
import {
  type AccessAsked,
  type AccessRule,
  type AccessStep,
  isKafkaAction,
  kafkaActions,
  testAccess,
} from '../../broker/test-access.ts'
import { badRequest } from '../answers.ts'
import { callerOf, type ManagementTag } from '../api/caller.ts'
import { type Operation, operation } from '../api/operation.ts'
import { vhostOfBody } from '../cluster/ways.ts'
import { nameText } from '../rabbitmq/fields.ts'

const managementTags = ['management', 'policymaker', 'monitoring', 'administrator'] as const

const bodySchema = z.strictObject({
  user: nameText,
  vhost: nameText.default('/'),
  action: z
    .enum(['enter', 'configure', 'write', 'read', 'describe', 'manage', ...kafkaActions] as const)
    .describe(
      'enter: come into the virtual host; describe: see that something is there; manage: what a tag lets see by HTTP',
    ),
  kind: z
    .enum(['queue', 'exchange', 'topic', 'group', 'transactional-id', 'cluster'])
    .default('queue')
    .describe("All but queues and exchanges are those of Kafka's clients"),
  name: nameText.default('').describe('Empty: the default exchange'),
  routing_key: nameText
    .optional()
    .describe('Of a message to the exchange, or of a binding from it: topic permissions count'),
  host: z
    .string()
    .optional()
    .describe('Address that the user comes from, which ACLs may name; left out, somewhere'),
  tag: z.enum(managementTags).default('management').describe('Of manage'),
})

export interface AccessTestStepJson {
  readonly allowed: boolean
  readonly reason: string
  readonly rule: AccessRule | null
}

export interface AccessTestJson extends AccessTestStepJson {
  readonly refusal: string | null
  readonly steps: readonly AccessTestStepJson[]
}

const ruleSchema = z
  .object({
    kind: z
      .enum(['settings', 'tag', 'permission', 'topic permission', 'acl'])
      .describe('settings: the user of --user, who may do everything'),
    tag: z.string().optional(),
    acl: z.string().optional().describe('In words'),
    exchange: z.string().optional(),
    right: z.enum(['configure', 'write', 'read']).optional(),
    pattern: z.string().optional(),
  })
  .nullable()
  .describe('What decided; null where no row did')

const stepShape = { allowed: z.boolean(), reason: z.string(), rule: ruleSchema }

const answerSchema = z.object({
  ...stepShape,
  refusal: z.string().nullable().describe('What a client would be told'),
  steps: z.array(z.object(stepShape)).describe('What was asked in turn; the first no is the last'),
})

export function accessTestOperation(broker: Broker): Operation {
  return operation({
    method: 'post',
    path: '/v1/access-test',
    where: vhostOfBody(({ vhost }) => vhost),
    tag: 'Permissions',
    summary: 'Say whether a user may do something, and which permission decides; nothing is done',
    access: 'administrator',
    isUntold: true,
    body: bodySchema,
    answers: { 200: answerSchema },
    handle({ body, context }) {
      const { action, kind, routing_key: routingKey, tag, ...asked } = body
      if (action === 'manage') return testJson([manageStep(broker, asked.user, tag)])
      const isOfAmqp = kind === 'queue' || kind === 'exchange'
      if (isOfAmqp && isKafkaAction(action)) {
        return badRequest(context, `${action} is not asked for a ${kind}: ask for configure`)
      }
      const isNameless = kind === 'exchange' || kind === 'cluster'
      const needsName = action !== 'enter' && !isNameless && asked.name === ''
      if (needsName) return badRequest(context, `name is empty: name a ${kind}`)
      if (kind === 'group' && action === 'write') {
        return badRequest(context, 'nothing is written to a group: ask for read or configure')
      }
      const access: AccessAsked = { ...asked, action, kind, routingKey }
      return testJson(testAccess(broker, access))
    },
  })
}

/** What its tags let a user see and do by HTTP. */
function manageStep({ access }: Broker, user: string, tag: ManagementTag): AccessStep {
  const known = access.findUser(user)
  if (known === undefined) return { isAllowed: false, reason: `There is no user '${user}'.` }
  const principal = { protocol: 'HTTP', address: '', user, tags: known.tags } as const
  const isAllowed = callerOf(principal, access, { kind: 'password' }).hasTag(tag)
  if (!isAllowed) {
    const has = known.tags.length === 0 ? 'no tags' : `only ${known.tags.join(', ')}`
    const reason = `'${user}' has ${has}, and ${tag} is needed.`
    return { isAllowed, reason, refusal: 'not_authorised' }
  }
  const decisive = [tag, 'administrator'].find((each) => known.tags.includes(each))
  const by =
    decisive ?? known.tags.find((each) => managementTags.some((one) => one === each)) ?? tag
  const includes = by === tag ? '' : `, which includes ${tag}`
  const reason = `'${user}' has the tag ${by}${includes}.`
  return { isAllowed, reason, rule: { kind: 'tag', tag: by } }
}

function testJson(steps: readonly AccessStep[]): AccessTestJson {
  const last = steps.at(-1)!
  return { ...stepJson(last), refusal: last.refusal ?? null, steps: steps.map(stepJson) }
}

function stepJson({ isAllowed, reason, rule }: AccessStep): AccessTestStepJson {
  return { allowed: isAllowed, reason, rule: rule ?? null }
}
