// Finds out who asks: by name and password, by a token, by a session's cookie, or by where it comes from.
import type { Socket } from 'node:net'
import type { Context, MiddlewareHandler } from 'hono'
import { getCookie } from 'hono/cookie'
import { auth as readBasic } from 'hono/utils/basic-auth'
import type { AccessControl } from '../auth/access-control.ts'
import type { Principal } from '../auth/principal.ts'
import type { ApiVariables } from './api/api.ts'
import { callerOf, ownerCaller } from './api/caller.ts'
import { type Sessions, sessionCookie } from './api/sessions.ts'

/** A name and a password, or a token (RFC 6750) in their place. */
export type HttpLogin =
  | { readonly user: string; readonly password: string }
  | { readonly token: string }

export interface CallerOptions {
  /** Everyone is the owner of the data folder: right for its own socket only. */
  readonly isOwner?: boolean
  /** Checks a login. */
  readonly authenticate?:
    | ((login: HttpLogin, socket: Socket) => Promise<Principal | undefined>)
    | undefined
  /** Who a client is that does not log in; undefined when it has to. */
  readonly anonymousFrom?: (address: string) => Principal | undefined
  readonly sessions: Sessions
  readonly access: AccessControl
}

/** What Node's server adds to a request. */
interface Bindings {
  readonly incoming?: { readonly socket: Socket }
}

/** Sets `caller`, or answers with 401. */
export function findCaller(options: CallerOptions): MiddlewareHandler<ApiVariables> {
  return async (context, next) => {
    if (options.isOwner === true) {
      context.set('caller', ownerCaller)
      return next()
    }
    const principal = await identify(context, options)
    if (principal === undefined) {
      askForLogin(context)
      return context.json({ error: 'not_authorized', reason: 'Not_Authorized' }, 401)
    }
    context.set('caller', callerOf(principal, options.access))
    return next()
  }
}

async function identify(
  context: Context<ApiVariables>,
  { authenticate, anonymousFrom, sessions }: CallerOptions,
): Promise<Principal | undefined> {
  const socket = socketOf(context)
  const header = context.req.header('authorization')
  if (header !== undefined) {
    const login = readLogin(header, context)
    return login && socket && authenticate?.(login, socket)
  }
  const token = getCookie(context, sessionCookie)
  const ofSession = token === undefined ? undefined : sessions.find(token)
  return (
    ofSession ?? (isForwarded(context) ? undefined : anonymousFrom?.(socket?.remoteAddress ?? ''))
  )
}

const forwardedHeaders = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip']

/** Whether a proxy has passed a request on: then the address is the proxy's, and says nothing of the client. */
function isForwarded({ req }: Context): boolean {
  return forwardedHeaders.some((name) => req.header(name) !== undefined)
}

/** Browsers ask their users then. */
export function askForLogin(context: Context): void {
  context.header('WWW-Authenticate', 'Basic realm="Pabal", charset="UTF-8"')
}

/** Undefined in tests, which have none. */
export function socketOf(context: Context): Socket | undefined {
  return (context.env as Bindings | undefined)?.incoming?.socket
}

function readLogin(header: string, context: Context): HttpLogin | undefined {
  const [, token] = /^bearer +(\S+)$/i.exec(header) ?? []
  if (token !== undefined) return { token }
  const basic = readBasic(context.req.raw)
  return basic && { user: basic.username, password: basic.password }
}
