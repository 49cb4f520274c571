import type { MiddlewareHandler } from 'hono'
import type { Logger } from '../lib/logger.ts'
import type { ApiVariables } from './api/api.ts'

/**
 * Tells the log each request that changed something by its method and path, which name what that was. Bodies
 * have passwords in them.
 */
export function tellChanges(logger: Logger): MiddlewareHandler<ApiVariables> {
  return async (context, next) => {
    await next()
    const { method, path } = context.req
    const isLook = method === 'GET' || method === 'HEAD' || context.get('isLook') === true
    if (isLook || context.req.query('check') === 'true' || context.res.status >= 400) return
    // A move has thousands of requests, whose effect is seen in its queues.
    if (method === 'POST' && path.startsWith('/api/v1/moves/')) return
    const { user } = context.get('caller')?.principal ?? {}
    logger.info({ request: `${method} ${path}`, user }, 'Changed over HTTP')
  }
}
