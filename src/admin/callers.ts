// Finds out who asks: by name and password, by a token, by a session's cookie, or by where it comes from.
import type { Socket } from 'node:net'
import type { Context, MiddlewareHandler } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { auth as readBasic } from 'hono/utils/basic-auth'
import type { AccessControl } from '../auth/access-control.ts'
import type { Principal } from '../auth/principal.ts'
import type { ApiVariables } from './api/api.ts'
import { type Caller, callerOf, type Login, ownerCaller } from './api/caller.ts'
import { type SessionKeeper, sessionCookie } from './api/sessions.ts'

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
  readonly sessions: SessionKeeper
  readonly access: AccessControl
}

/** What Node's server adds to a request. */
interface Bindings {
  /** Of a request that comes from within: this is who asks. No client can set it. */
  readonly caller?: Caller
  readonly incoming?: { readonly socket: Socket }
}

/** Sets `caller`, or answers with 401. */
export function findCaller(options: CallerOptions): MiddlewareHandler<ApiVariables> {
  return async (context, next) => {
    const known = options.isOwner === true ? ownerCaller : bindingsOf(context)?.caller
    if (known !== undefined) {
      context.set('caller', known)
      return next()
    }
    const identified = await identify(context, options)
    if (identified === undefined) {
      askForLogin(context)
      return context.json({ error: 'not_authorized', reason: 'Not_Authorized' }, 401)
    }
    const { principal, login } = identified
    context.set('caller', callerOf(principal, options.access, login))
    await next()
    // Whoever has answered may have been another node.
    const renewed = login.renew?.()
    if (renewed !== undefined) setSession(context, renewed)
  }
}

/** Gives a browser the token of its session. */
export function setSession(context: Context, token: string): void {
  const socket = socketOf(context)
  setCookie(context, sessionCookie, token, {
    path: '/',
    httpOnly: true,
    sameSite: 'Strict',
    secure: socket !== undefined && 'encrypted' in socket,
  })
}

interface Identified {
  readonly principal: Principal
  readonly login: Login & { readonly renew?: () => string | undefined }
}

async function identify(
  context: Context<ApiVariables>,
  { authenticate, anonymousFrom, sessions }: CallerOptions,
): Promise<Identified | undefined> {
  const socket = socketOf(context)
  const header = context.req.header('authorization')
  if (header !== undefined) {
    const login = readLogin(header)
    const principal = await (login && socket && authenticate?.(login, socket))
    if (principal === undefined) return undefined
    const { token } = principal
    if (token === undefined) return { principal, login: { kind: 'password' } }
    return { principal, login: { kind: 'token', endsAt: () => token.expiresAt } }
  }
  const token = getCookie(context, sessionCookie)
  const ofSession = token === undefined ? undefined : sessions.find(token)
  if (token !== undefined && ofSession !== undefined) {
    const isGood = (): boolean => sessions.has(token)
    const endsAt = (): number | undefined => sessions.endsAt(token)
    const renew = (): string | undefined => sessions.renew?.(token)
    return { principal: ofSession, login: { kind: 'session', isGood, endsAt, renew } }
  }
  if (isForwarded(context)) return undefined
  const anonymous = anonymousFrom?.(socket?.remoteAddress ?? '')
  return anonymous && { principal: anonymous, login: { kind: 'none' } }
}

const forwardedHeaders = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip']

/** Whether a proxy has passed a request on: then the address is the proxy's, and says nothing of the client. */
function isForwarded({ req }: Context): boolean {
  return forwardedHeaders.some((name) => req.header(name) !== undefined)
}

/** Browsers ask their users then, in a window of their own; the UI has a page for it, and says who it is. */
export function askForLogin(context: Context): void {
  const isUi = context.req.header('x-requested-with') === 'pabal-ui'
  // What reads events in a browser cannot say so.
  if (isUi || context.req.header('accept') === 'text/event-stream') return
  context.header('WWW-Authenticate', 'Basic realm="Pabal", charset="UTF-8"')
}

/** Undefined in tests, which have none. */
export function socketOf(context: Context): Socket | undefined {
  return bindingsOf(context)?.incoming?.socket
}

function bindingsOf({ env }: Context): Bindings | undefined {
  return env as Bindings | undefined
}

/** What a header `Authorization` says; undefined for what is neither of both ways. */
export function readLogin(header: string): HttpLogin | undefined {
  const [, token] = /^bearer +(\S+)$/i.exec(header) ?? []
  if (token !== undefined) return { token }
  const basic = readBasic(new Request('http://localhost', { headers: { authorization: header } }))
  return basic && { user: basic.username, password: basic.password }
}
