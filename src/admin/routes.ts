// What HTTP answers: health checks for supervisors of the broker, the API, and the UI.
// Loaded with the first request, or once the broker has been ready for a while.
import type { RequestListener } from 'node:http'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import { AccessControl } from '../auth/access-control.ts'
import { systemClock } from '../lib/clock.ts'
import { systemRandom } from '../lib/random.ts'
import type { ServingGate } from '../lib/serving-gate.ts'
import type { MetricsSource } from '../metrics/metrics-source.ts'
import { answerFault } from './answer-fault.ts'
import type { ManagementParts } from './answers.ts'
import type { ApiVariables } from './api/api.ts'
import { isCrossSite } from './api/cross-site.ts'
import { pathAsWritten } from './api/raw-path.ts'
import { type SessionKeeper, Sessions } from './api/sessions.ts'
import type { ClusterDoor } from './api/where.ts'
import type { StatusSource } from './broker-status.ts'
import { askForLogin, type CallerOptions, findCaller } from './callers.ts'
import { answerDocs } from './docs-routes.ts'
import { holdAnswers } from './hold-answers.ts'
import { listenerOf } from './listener-of.ts'
import { createManagementRoutes } from './management-routes.ts'
import { createMetricsRoutes } from './metrics-routes.ts'
import { refuseOtherHosts } from './refuse-other-hosts.ts'
import { docsFolders, UiFiles, uiFolders } from './ui-files.ts'
import { answerUi, uiPolicy } from './ui-routes.ts'

/** What the routes need. */
export interface RouteOptions extends Omit<CallerOptions, 'access' | 'sessions'> {
  readonly source: StatusSource
  /** The only hosts that requests may be for, which is loopback, where everyone may look at the status. Left out, all. */
  readonly hosts?: ReadonlySet<string>
  /** Of which the management API is served; left out, there is none. */
  readonly management?: ManagementParts
  /** The way to the other nodes and cells, where requests may be theirs to answer. */
  readonly edgeOf?: ClusterDoor | undefined
  /** Left out, sessions are this process's own. */
  readonly sessions?: SessionKeeper | undefined
  /** Of which metrics are made; left out, there are none. */
  readonly metrics?: MetricsSource
  /** Where the UI may be, the first that is there; left out, where builds are. */
  readonly uiFolders?: readonly string[]
  /** The same for the documentation. */
  readonly docsFolders?: readonly string[]
  /** Where the node may have to stop serving; left out, it never has. */
  readonly gate?: ServingGate | undefined
  /** A request failed through no fault of its client's, and was answered with 500. */
  readonly onFault?: (error: Error) => void
}

/** The routes, as a function of requests; tests call it without a socket. */
export function createRoutes(options: RouteOptions): Hono<ApiVariables> {
  const { source, hosts, management, metrics } = options
  const routes = new Hono<ApiVariables>({ getPath: pathAsWritten })
  routes.use(headersOfUi)
  routes.use(strictHeaders)
  if (hosts !== undefined) routes.use(refuseOtherHosts(hosts))
  routes.use(refuseOtherSites)
  routes.get('/health/live', (context) => context.json({ status: 'ok' }))
  routes.get('/health/ready', (context) => {
    const { state } = source.status()
    const isReady = state === 'ready'
    return context.json({ status: isReady ? 'ok' : state }, isReady ? 200 : 503)
  })
  const callers = callersOf(options)
  const isOpen =
    options.isOwner === true || hosts !== undefined || options.authenticate === undefined
  if (!isOpen) {
    for (const path of ['/api/status', '/metrics', '/metrics/*']) {
      routes.get(path, findCaller(callers), onlyMonitors)
    }
  }
  routes.get('/api/status', (context) => context.json(source.status()))
  if (metrics !== undefined) routes.route('/metrics', createMetricsRoutes(metrics))
  if (options.gate !== undefined) {
    routes.use('/api/*', holdAnswers(options.gate, management?.broker.clock ?? systemClock))
  }
  if (management !== undefined) routes.route('/api', createManagementRoutes(management, callers))
  routes.onError(answerFault(options.onFault))
  routes.notFound(answerPages(options))
  return routes
}

function callersOf(options: RouteOptions): CallerOptions {
  const {
    access = new AccessControl(),
    clock = systemClock,
    random = systemRandom,
  } = options.management?.broker ?? {}
  const sessions = options.sessions ?? new Sessions({ access, clock, random })
  return { ...options, access, sessions }
}

/** What nothing else answers may be a page. */
function answerPages(options: RouteOptions): (context: Context<ApiVariables>) => Promise<Response> {
  const ui = new UiFiles(options.uiFolders ?? uiFolders)
  const docs = new UiFiles(options.docsFolders ?? docsFolders)
  return async (context) => {
    const page = (await answerDocs(context, docs)) ?? (await answerUi(context, ui))
    return page ?? context.json({ error: 'not_found', reason: 'Not Found' }, 404)
  }
}

/** What others have answered is not kept, and loads nothing. */
const headersOfUi: MiddlewareHandler<ApiVariables> = async (context, next) => {
  await next()
  if (context.get('isUi') === true) context.header('Content-Security-Policy', uiPolicy)
  else context.header('Cache-Control', 'no-store')
}

const strictHeaders = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    frameAncestors: ["'none'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
  },
  xFrameOptions: 'DENY',
  referrerPolicy: 'same-origin',
  // Whether names are reached by TLS only is for those to say who own them.
  strictTransportSecurity: false,
})

const refuseOtherSites: MiddlewareHandler = async (context, next) => {
  const { method } = context.req
  const header = (name: string): string | undefined => context.req.header(name)
  const asked = {
    method,
    path: context.req.path,
    host: header('host'),
    origin: header('origin'),
    site: header('sec-fetch-site'),
  }
  if (!isCrossSite(asked)) return next()
  const reason = 'A page of another site may not use the API'
  return context.json({ error: 'cross_site', reason }, 403)
}

const onlyMonitors: MiddlewareHandler<ApiVariables> = async (context, next) => {
  if (context.get('caller').hasTag('monitoring')) return next()
  askForLogin(context)
  return context.json({ error: 'not_authorised', reason: 'Not monitor user' }, 401)
}

/** The routes as Node's server calls them. */
export function createRequestListener(options: RouteOptions): RequestListener {
  return listenerOf(createRoutes(options))
}
