// Limits of users and of virtual hosts. A change is answered when it is durable.
import type { Context } from 'hono'
import { z } from 'zod'
import { whyNoLimit } from '../../broker/limit-names.ts'
import { erlangTerm } from '../../broker/policy/erlang-term.ts'
import { badRequest, type ManagementParts, notFound, roomToDeclare } from '../answers.ts'
import type { Access } from '../api/access.ts'
import type { Caller } from '../api/caller.ts'
import { judgedLater } from '../api/judged-later.ts'
import { answerList, type ListQuery, listOf, listQuery } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'
import { visibleVHosts } from '../api/visible-vhosts.ts'
import { gatherList } from '../cluster/gather-list.ts'
import { whyOwnUserStays } from './own-user.ts'
import { limitsSchema } from './user-json.ts'

type Limits = Readonly<Record<string, number>>

/** Something with limits. */
interface Limited {
  readonly limits: Limits
  /** Why they stay as they are. */
  readonly whyFixed?: string
  set(limits: Limits): Promise<void>
}

interface Kind {
  /** What JSON calls it. */
  readonly key: 'user' | 'vhost'
  readonly tag: string
  /** What they are of. */
  readonly whose: string
  /** Of who lists them. */
  readonly access: Access
  /** Names of those that the caller sees. */
  all(caller: Caller): readonly string[]
  find(name: string): Limited | undefined
}

export function limitOperations({ broker, keeper }: ManagementParts): Operation[] {
  const { access } = broker
  return [
    ...operationsFor(broker, {
      key: 'user',
      tag: 'Users',
      whose: 'of a user',
      access: 'administrator',
      all: () => access.users().map(({ name }) => name),
      find: (name) => {
        const user = access.findUser(name)
        if (user === undefined) return undefined
        const { limits = {} } = user
        return {
          limits,
          ...(access.isOwn(name) && { whyFixed: whyOwnUserStays(name) }),
          set: (changed) => keeper.limitUser(user, changed),
        }
      },
    }),
    ...operationsFor(broker, {
      key: 'vhost',
      tag: 'Virtual hosts',
      whose: 'of a virtual host',
      access: 'vhost-visible',
      all: (caller) => visibleVHosts(broker, caller).map(({ name }) => name),
      find: (name) => {
        const vhost = broker.findVHost(name)
        if (vhost === undefined) return undefined
        const { metadata = {} } = vhost
        const { limits = {} } = metadata
        return { limits, set: (changed) => keeper.putVHost(name, { ...metadata, limits: changed }) }
      },
    }),
  ]
}

type Broker = ManagementParts['broker']

function operationsFor(broker: Broker, kind: Kind): Operation[] {
  return [...listOperations(broker, kind), ...changeOperations(broker, kind)]
}

function listOperations(broker: Broker, kind: Kind): Operation[] {
  const { key, tag, whose, access } = kind
  const row = z.object({ [key]: z.string(), value: limitsSchema })
  const list = (query: ListQuery, asked: readonly string[]): Promise<Response> => {
    const items = asked
      .map((name) => ({ name, value: kind.find(name)?.limits ?? {} }))
      .filter(({ value }) => Object.keys(value).length > 0)
    const json = ({ name, value }: (typeof items)[number]): Record<string, unknown> => {
      return { [key]: name, value }
    }
    return answerList(broker.slices, query, { items, json, nameOf: ({ name }) => name })
  }
  return [
    operation({
      method: 'get',
      path: `/${key}-limits`,
      where: key === 'user' ? 'lead' : gatherList('vhosts', ['vhost']),
      tag,
      summary: `Limits ${whose.replace('a ', 'each ')} that has some`,
      access,
      query: listQuery,
      answers: { 200: listOf(row) },
      handle: ({ query, caller }) => list(query, kind.all(caller)),
    }),
    operation({
      method: 'get',
      path: `/${key}-limits/{${key}}` as const,
      where: key === 'user' ? 'lead' : 'vhost',
      tag,
      summary: `Limits ${whose}`,
      access,
      query: listQuery,
      answers: { 200: listOf(row) },
      handle({ names, query, context }) {
        const name = names[key]
        return kind.find(name) === undefined ? notFound(context) : list(query, [name])
      },
    }),
  ]
}

function changeOperations(broker: Broker, kind: Kind): Operation[] {
  const { key, tag, whose } = kind
  const path = `/${key}-limits/{${key}}/{name}` as const
  return [
    operation({
      method: 'put',
      path,
      where: key === 'user' ? 'lead' : 'vhost',
      tag,
      summary: `Set a limit ${whose}`,
      access: 'administrator',
      body: z.object({ value: judgedLater('integer', 'Below zero: no limit') }),
      answers: { 204: 'Set' },
      async handle({ names, body: { value }, context }) {
        if (!Number.isSafeInteger(value)) {
          const what = typeof value === 'number' ? 'integer' : 'a number'
          const told = `${names.name} should be ${what}, actually was ${erlangTerm(value)}`
          return badRequest(context, told)
        }
        const problem = whyNoLimit(key, names.name, value as number)
        if (problem !== undefined) return badRequest(context, problem)
        await roomToDeclare(broker)
        const set = (limits: Limits): Limits => ({ ...limits, [names.name]: value as number })
        return change(context, kind.find(names[key]), set)
      },
    }),
    operation({
      method: 'delete',
      path,
      where: key === 'user' ? 'lead' : 'vhost',
      tag,
      summary: `Take a limit ${whose} away`,
      access: 'administrator',
      answers: { 204: 'There is none' },
      async handle({ names, context }) {
        await roomToDeclare(broker)
        return change(context, kind.find(names[key]), (limits) => without(limits, names.name))
      },
    }),
  ]
}

function without(limits: Limits, name: string): Limits {
  return Object.fromEntries(Object.entries(limits).filter(([other]) => other !== name))
}

async function change(
  context: Context,
  limited: Limited | undefined,
  make: (limits: Limits) => Limits,
): Promise<Response> {
  if (limited === undefined) return notFound(context)
  if (limited.whyFixed !== undefined) return badRequest(context, limited.whyFixed)
  await limited.set(make(limited.limits))
  return context.body(null, 204)
}
