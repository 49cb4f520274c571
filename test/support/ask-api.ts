// The management API of a broker in memory, without a socket.
import type { Hono } from 'hono'
import type { ManagementParts } from '../../src/admin/answers.ts'
import type { ApiVariables } from '../../src/admin/api/api.ts'
import { Sessions } from '../../src/admin/api/sessions.ts'
import { createManagementRoutes } from '../../src/admin/management-routes.ts'
import type { Principal } from '../../src/auth/principal.ts'

/** Everyone who asks is the owner of the data folder. */
export function createOwnersRoutes(parts: ManagementParts): Hono<ApiVariables> {
  const { access, clock, random } = parts.broker
  const sessions = new Sessions({ access, clock, random })
  return createManagementRoutes(parts, { isOwner: true, access, sessions })
}

/** Everyone who asks is this user, with its permissions. */
export function createRoutesAs(
  parts: ManagementParts,
  { user, tags }: Pick<Principal, 'user' | 'tags'>,
): Hono<ApiVariables> {
  const { access, clock, random } = parts.broker
  const principal: Principal = { protocol: 'HTTP', address: '127.0.0.1', user, tags }
  const sessions = new Sessions({ access, clock, random })
  return createManagementRoutes(parts, { anonymousFrom: () => principal, access, sessions })
}

/** Sends a request with JSON, or with a text as it is, and reads the answer; undefined where it has no body. */
export async function askApi(
  routes: Hono<ApiVariables>,
  request: string,
  body?: unknown,
): Promise<[status: number, body: unknown]> {
  const [method = '', path = ''] = request.split(' ')
  const response = await routes.request(path, {
    method,
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return [response.status, text === '' ? undefined : JSON.parse(text)]
}
