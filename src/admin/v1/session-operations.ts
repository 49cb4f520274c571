// The login of browsers: POST begins a session, DELETE ends it.
import type { Socket } from 'node:net'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { z } from 'zod'
import { badRequest } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'
import { type Sessions, sessionCookie } from '../api/sessions.ts'
import { type CallerOptions, socketOf } from '../callers.ts'

export interface SessionParts extends Pick<CallerOptions, 'authenticate'> {
  readonly sessions: Sessions
}

const path = '/v1/session'
const tag = 'Session'

export function sessionOperations({ authenticate, sessions }: SessionParts): Operation[] {
  return [
    operation({
      method: 'post',
      path,
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
        setCookie(context, sessionCookie, sessions.begin(principal), {
          path: '/',
          httpOnly: true,
          sameSite: 'Strict',
          secure: isEncrypted(socket),
        })
        return { user: principal.user, tags: principal.tags }
      },
    }),
    operation({
      method: 'delete',
      path,
      tag,
      summary: 'Log out',
      access: 'open',
      answers: { 204: 'The session has ended' },
      handle({ context }) {
        const token = getCookie(context, sessionCookie)
        if (token !== undefined) sessions.end(token)
        deleteCookie(context, sessionCookie, { path: '/' })
        return context.body(null, 204)
      },
    }),
  ]
}

function isEncrypted(socket: Socket | undefined): boolean {
  return socket !== undefined && 'encrypted' in socket
}
