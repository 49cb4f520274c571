// Records that a consumer group cannot process: one is set aside by hand, or by itself after so many attempts.
import { z } from 'zod'
import { preconditionFailed } from '../../broker/broker-error.ts'
import { type Broker, defaultVHost } from '../../broker/broker.ts'
import { permit } from '../../broker/permit.ts'
import { attemptsSetting, deadLetterSetting, type SetAside } from '../../broker/set-aside.ts'
import { whenDurable } from '../../broker/when-durable.ts'
import { groupLimits } from '../../limits/group.ts'
import type { Caller } from '../api/caller.ts'
import { type Operation, operation } from '../api/operation.ts'
import type { GroupDeadLettersJson } from './group-json.ts'
import { permitGroup, permitTopicRead } from './group-rights.ts'

interface SetAsideParts {
  readonly broker: Broker
  readonly setAside: SetAside
}

const tag = 'Groups'
const count = z.number().int()
const path = '/v1/groups/{group}'

export const groupDeadLettersSchema: z.ZodType<GroupDeadLettersJson> = z.object({
  attempts: count
    .nullable()
    .describe('So often may members begin at a record; null: nothing is set aside by itself'),
  to: z.string().nullable().describe('The queue or topic where it goes then'),
  set_aside: count.describe('Records, since the start of the broker'),
  stuck: z
    .array(z.object({ topic: z.string(), partition: count, offset: count, attempts: count }))
    .describe('Where members have begun more than once; only where attempts are counted'),
})

export function groupDeadLettersOf(setAside: SetAside, group: string): GroupDeadLettersJson {
  const rule = setAside.ruleOf(group)
  return {
    attempts: rule?.attemptsMax ?? null,
    to: rule?.to ?? null,
    set_aside: setAside.countOf(group),
    stuck: setAside.stuck
      .of(group)
      .map(({ topic, partition, offset, attempts }) => ({ topic, partition, offset, attempts })),
  }
}

const ruleBody = z.strictObject({
  attempts: z.int().min(1).max(1_000_000),
  to: z.string().min(1).describe('A queue or topic, which is there'),
})

const setAsideBody = z.strictObject({
  topic: z.string(),
  partition: z.int().nonnegative(),
  to: z.string().optional().describe('A queue or topic; left out, where the group has its own go'),
})

const setAsideSchema = z.object({
  topic: z.string(),
  partition: count,
  offset: count.describe('Of the record; the group goes on behind it'),
  to: z.string(),
})

export function setAsideOperations(parts: SetAsideParts): Operation[] {
  const { broker, setAside } = parts
  return [
    operation({
      method: 'put',
      path: `${path}/dead-letters`,
      where: 'first',
      tag,
      summary:
        'Set records aside by themselves at which members of a group have begun so often in vain',
      access: 'management',
      body: ruleBody,
      answers: { 204: 'It holds from the next start of a member on' },
      async handle({ names: { group }, body: { attempts, to }, caller, context }) {
        permitGroup(caller, 'alter-configs', group)
        permitTarget(parts, to, caller)
        const settings = { [attemptsSetting]: `${attempts}`, [deadLetterSetting]: to }
        await putSettings(broker, group, settings)
        return context.body(null, 204)
      },
    }),
    operation({
      method: 'delete',
      path: `${path}/dead-letters`,
      where: 'first',
      tag,
      summary: 'Set nothing of a group aside by itself any more',
      access: 'management',
      answers: { 204: 'Nothing is' },
      async handle({ names: { group }, caller, context }) {
        permitGroup(caller, 'alter-configs', group)
        await putSettings(broker, group, {})
        return context.body(null, 204)
      },
    }),
    operation({
      method: 'post',
      path: `${path}/set-aside`,
      where: 'first',
      tag,
      summary:
        'Set the record aside that a group reads next in a partition, also while it has members',
      access: 'management',
      body: setAsideBody,
      answers: { 200: setAsideSchema },
      async handle({ names: { group }, body, caller }) {
        permitGroup(caller, 'read', group)
        permitTopicRead(caller, body.topic)
        const to = body.to ?? setAside.ruleOf(group)?.to
        if (to === undefined)
          throw preconditionFailed('`to` is missing: where is the record to go?')
        permitTarget(parts, to, caller)
        const { topic, partition } = body
        const asked = {
          groupId: group,
          topic,
          partition,
          to,
          reason: 'rejected',
          attempts: 0,
        } as const
        const { offset } = await setAside.run(asked)
        return { topic, partition, offset, to }
      },
    }),
  ]
}

/** Throws `access_refused`; one that is not there is refused by name. */
function permitTarget({ broker }: SetAsideParts, to: string, caller: Caller): void {
  permit(caller.rightsIn(defaultVHost), 'write', { kind: 'queue', name: to })
  broker.getVHost(defaultVHost).getQueue(to)
}

async function putSettings(
  { settings }: Broker,
  group: string,
  changed: Readonly<Record<string, string>>,
): Promise<void> {
  const {
    [attemptsSetting]: _attempts,
    [deadLetterSetting]: _to,
    ...others
  } = settings.get('group', group)
  const isNew = Object.keys(settings.get('group', group)).length === 0
  if (isNew && settings.count('group') >= groupLimits.groupsMax) {
    throw preconditionFailed('too many groups have settings of their own')
  }
  await whenDurable(settings.put('group', group, { ...others, ...changed }))
}
