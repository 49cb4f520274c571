// Calls the API within the process, for somebody who has logged in already: the same routes, rights and checks.
import { type Context, Hono } from 'hono'
import { answerFault } from '../answer-fault.ts'
import type { ApiVariables } from '../api/api.ts'
import type { Caller } from '../api/caller.ts'
import { pathAsWritten } from '../api/raw-path.ts'
import { socketOf } from '../callers.ts'
import type { AskView } from './live-source.ts'

/** `routes` are those below `/api`. */
export function askingWithin(
  routes: Hono<ApiVariables>,
  onFault?: (error: Error) => void,
): (caller: Caller, context: Context) => AskView {
  let app: Hono<ApiVariables> | undefined
  return (caller, context) => async (path) => {
    app ??= createApp(routes, onFault)
    const url = `/api${path}`
    const incoming = { url, socket: socketOf(context) }
    return app.fetch(new Request(`http://localhost${url}`), { incoming, caller })
  }
}

function createApp(
  routes: Hono<ApiVariables>,
  onFault?: (error: Error) => void,
): Hono<ApiVariables> {
  const app = new Hono<ApiVariables>({ getPath: pathAsWritten })
  app.route('/api', routes)
  app.onError(answerFault(onFault))
  app.notFound((context) => context.json({ error: 'not_found', reason: 'Not Found' }, 404))
  return app
}
