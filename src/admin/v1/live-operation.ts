// Sends answers of other operations as server-sent events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html): at once, and again whenever they change.
import type { Context } from 'hono'
import { z } from 'zod'
import type { Broker } from '../../broker/broker.ts'
import { liveLimits } from '../../limits/live.ts'
import { badRequest, comeAgain } from '../answers.ts'
import type { Caller } from '../api/caller.ts'
import { type Operation, operation, pathNames } from '../api/operation.ts'
import { routedPath } from '../api/raw-path.ts'
import { socketOf } from '../callers.ts'
import type { LiveConnections, SourceKey } from './live-connections.ts'
import { LiveEvents } from './live-events.ts'
import type { AskView } from './live-source.ts'

export interface LiveParts {
  readonly broker: Broker
  readonly live: LiveConnections
}

export interface LiveApi {
  /** Of which there are views. */
  readonly operations: () => readonly Operation[]
  /** Asks as this caller, whose login is good. */
  readonly askAs: (caller: Caller, context: Context) => AskView
}

const headers = {
  'content-type': 'text/event-stream',
  // Proxies would keep events for themselves.
  'x-accel-buffering': 'no',
}

const liveQuery = z.object({
  view: z
    .string()
    .optional()
    .describe(
      `A path below /api with its query, such as /v1/streams?page=1, percent-encoded as a whole; up to ${liveLimits.viewsMax} of them; without any only the time is told`,
    ),
})

export function liveOperation({ broker, live }: LiveParts, api: LiveApi): Operation {
  return operation({
    method: 'get',
    path: '/v1/live',
    where: 'node',
    tag: 'Live',
    summary: 'Answers of other operations as server-sent events: at once, and when they change',
    access: 'login',
    isStream: true,
    query: liveQuery,
    answers: {
      200: 'Events: `view` with number, status and body of a view, `time` in milliseconds since 1970, `end` with the reason',
      429: 'The user has too many of these under way; Retry-After says when to come again',
      503: 'All users together have too many of them, or the broker stops',
    },
    handle({ caller, context }) {
      const paths = context.req.queries('view') ?? []
      const problem = whyNoViews(paths, api.operations())
      if (problem !== undefined) return badRequest(context, problem)
      if (context.req.method === 'HEAD') return new Response(null, { headers })
      const full = live.endReason ?? live.whyFull(caller.principal.user)
      if (full !== undefined) {
        const reason = `There are no more live connections: ${full}`
        const status = full === 'too many of the user' ? 429 : 503
        return comeAgain(context, status, { reason, seconds: liveLimits.retryMs / 1000 })
      }
      const { stream } = new LiveEvents({
        keys: paths.map((path) => keyOf(path, caller, api.operations())),
        caller,
        ask: api.askAs(caller, context),
        clock: broker.clock,
        connections: live,
        onStuck: () => socketOf(context)?.destroy(),
      })
      return new Response(stream, { headers })
    },
  })
}

/** Callers of the same user see the same, unless they have tokens with rights of their own. */
function keyOf(path: string, caller: Caller, operations: readonly Operation[]): SourceKey {
  const { user, tags, token } = caller.principal
  const isPersonal = token !== undefined || findGet(path, operations)?.isPersonal === true
  // Where a user got other tags, connections with the old ones may not have ended yet.
  const audience = JSON.stringify([caller.login.kind === 'owner', user, ...tags])
  return { path, user, audience: isPersonal ? undefined : audience }
}

/** Why there cannot be views of these paths, in words. One that nothing answers has a view, which says so. */
function whyNoViews(
  paths: readonly string[],
  operations: readonly Operation[],
): string | undefined {
  const { viewsMax } = liveLimits
  if (paths.length > viewsMax) return `view: there are more than ${viewsMax}`
  return paths.map((path) => whyNoView(path, operations)).find((problem) => problem !== undefined)
}

function whyNoView(path: string, operations: readonly Operation[]): string | undefined {
  if (!path.startsWith('/')) return `view: ${path} is no path below /api, such as /overview`
  const found = findGet(path, operations)
  if (found?.isStream === true) return `view: ${found.path} answers with more than a piece of JSON`
  // As a request reads it: tabs and line ends within a URL mean nothing.
  const { searchParams } = new URL(`http://localhost${path}`)
  return searchParams.has('wait_ms') ? 'view: wait_ms: views do not wait' : undefined
}

/** What a router finds. */
function findGet(path: string, operations: readonly Operation[]): Operation | undefined {
  const parts = routedPath(path)?.split('/')
  return operations.find((each) => each.method === 'get' && isOf(each.path, parts))
}

function isOf(path: string, parts: readonly string[] | undefined): boolean {
  const own = path.split('/')
  return (
    own.length === parts?.length &&
    own.every((part, index) => pathNames(part).length > 0 || part === parts[index])
  )
}
