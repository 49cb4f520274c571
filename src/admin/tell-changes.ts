import type { MiddlewareHandler } from 'hono'
import type { ManagementParts } from './answers.ts'
import type { ApiVariables } from './api/api.ts'
import type { Caller } from './api/caller.ts'

/**
 * Tells the log and the audit log each request that changed something by its method and path, which name what that was. Bodies
 * have passwords in them.
 */
export function tellChanges({
  broker: { clock },
  audit,
  logger,
}: Pick<ManagementParts, 'broker' | 'audit' | 'logger'>): MiddlewareHandler<ApiVariables> {
  return async (context, next) => {
    await next()
    const { method, path } = context.req
    const isUntold = method === 'GET' || method === 'HEAD' || context.get('isUntold') === true
    if (isUntold || context.req.query('check') === 'true' || context.res.status >= 400) return
    // Who logs in, or asks for what is open, changes nothing.
    const caller = context.get('caller') as Caller | undefined
    if (caller === undefined) return
    const { user, address } = caller.principal
    audit.add({ time: clock.now(), user, address, method, path })
    logger?.info({ request: `${method} ${path}`, user }, 'Changed over HTTP')
  }
}
