// The management API of a broker in memory, without a socket.
import type { Hono } from 'hono'
import type { ManagementParts } from '../../src/admin/answers.ts'
import type { ApiVariables } from '../../src/admin/api/api.ts'
import { Sessions } from '../../src/admin/api/sessions.ts'
import { createManagementRoutes } from '../../src/admin/management-routes.ts'

/** Everyone who asks is the owner of the data folder. */
export function createOwnersRoutes(parts: ManagementParts): Hono<ApiVariables> {
  const { access, clock, random } = parts.broker
  const sessions = new Sessions({ access, clock, random })
  return createManagementRoutes(parts, { isOwner: true, access, sessions })
}
