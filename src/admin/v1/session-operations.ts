// The login of browsers: POST begins a session, GET says whose it is, DELETE ends it.
import { deleteCookie, getCookie } from 'hono/cookie'
import { z } from 'zod'
import type { Broker } from '../../broker/broker.ts'
import { badRequest } from '../answers.ts'
import type { Caller, LoginKind } from '../api/caller.ts'
import { type Operation, operation } from '../api/operation.ts'
import { type SessionKeeper, sessionCookie } from '../api/sessions.ts'
import { visibleVHosts } from '../api/visible-vhosts.ts'
import { type CallerOptions, setSession, socketOf } from '../callers.ts'

export interface SessionParts extends Pick<CallerOptions, 'authenticate'> {
  readonly broker: Broker
  readonly sessions: SessionKeeper
}

const path = '/v1/session'
const tag = 'Session'

/** Whose login it is, and what it may do. */
export interface SessionJson {
  readonly user: string
  readonly tags: readonly string[]
  readonly login: LoginKind
  readonly ends_at: number | null
  readonly vhosts: readonly {
    readonly name: string
    readonly has_access: boolean
    readonly may_everything: boolean
  }[]
}

const sessionSchema: z.ZodType<SessionJson> = z.object({
  user: z.string(),
  tags: z.array(z.string()).describe('What of the management it sees; an administrator all'),
  login: z
    .enum(['owner', 'none', 'password', 'token', 'session'])
    .describe('What it came with; none: it is guest on loopback'),
  ends_at: z
    .number()
    .nullable()
    .describe(
      'When the login ends, in milliseconds since 1970, if no more is asked before; null: not by itself',
    ),
  vhosts: z
    .array(z.object({ name: z.string(), has_access: z.boolean(), may_everything: z.boolean() }))
    .describe('Those that it sees; whether it may enter them, and has all permissions there'),
})

export function sessionOperations({ authenticate, sessions, broker }: SessionParts): Operation[] {
  return [
    operation({
      method: 'post',
      path,
      where: 'node',
      tag,
      summary: 'Log in: a cookie stands for the password from then on',
      access: 'open',
      body: z.strictObject({ user: z.string(), password: z.string() }),
      answers: {
        200: z.object({ user: z.string(), tags: z.array(z.string()) }),
        401: 'User or password is wrong',
      },
      async handle({ body: { user, password }, context }) {
        const socket = socketOf(context)
        const principal = socket && (await authenticate?.({ user, password }, socket))
        if (principal === undefined) {
          return context.json({ error: 'not_authorized', reason: 'Not_Authorized' }, 401)
        }
        if (principal.token !== undefined) {
          return badRequest(context, 'A token needs no session: send it with each request')
        }
        setSession(context, sessions.begin(principal))
        return { user: principal.user, tags: principal.tags }
      },
    }),
    operation({
      method: 'get',
      path,
      where: 'node',
      tag,
      summary: 'Who asks, how it has logged in, and where it may do what',
      access: 'login',
      isPersonal: true,
      answers: { 200: sessionSchema },
      handle: ({ caller }) => sessionJson(caller, broker),
    }),
    operation({
      method: 'delete',
      path,
      where: 'node',
      tag,
      summary: 'Log out',
      access: 'open',
      answers: { 204: 'The session has ended' },
      async handle({ context }) {
        const token = getCookie(context, sessionCookie)
        if (token !== undefined) await sessions.end(token)
        deleteCookie(context, sessionCookie, { path: '/' })
        return context.body(null, 204)
      },
    }),
  ]
}

function sessionJson(caller: Caller, broker: Broker): SessionJson {
  const { user, tags } = caller.principal
  return {
    user,
    tags,
    login: caller.login.kind,
    ends_at: caller.login.endsAt?.() ?? null,
    vhosts: visibleVHosts(broker, caller).map(({ name }) => {
      const { hasAccess, isUnrestricted } = caller.rightsIn(name)
      return { name, has_access: hasAccess, may_everything: isUnrestricted }
    }),
  }
}
