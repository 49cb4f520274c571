// Metrics by HTTP, for Prometheus and what reads its formats.
import type { RequestListener } from 'node:http'
import { type Context, Hono } from 'hono'
import { Metrics, type MetricsAsked } from '../metrics/endpoints.ts'
import { contentTypes, type ExpositionFormat, expose, formatFor } from '../metrics/exposition.ts'
import type { MetricsSource } from '../metrics/metrics-source.ts'
import { scrapeStream } from '../metrics/scrape-stream.ts'
import { listenerOf } from './listener-of.ts'
import { refuseOtherHosts } from './refuse-other-hosts.ts'

/** The addresses below `/metrics`, as a function of requests. Who may ask is for others to say. */
export function createMetricsRoutes(source: MetricsSource): Hono {
  const metrics = new Metrics(source)
  const routes = new Hono()
  routes.get('/', (context) => answer(context, metrics, { endpoint: 'aggregated' }))
  routes.get('/per-object', (context) => answer(context, metrics, { endpoint: 'per-object' }))
  routes.get('/memory-breakdown', (context) =>
    answer(context, metrics, { endpoint: 'memory-breakdown' }),
  )
  routes.get('/detailed', (context) => {
    const [families = [], vhosts = [], queues = []] = ['family', 'vhost', 'queue'].map((name) =>
      context.req.queries(name),
    )
    return answer(context, metrics, { endpoint: 'detailed', families, vhosts, queues })
  })
  return routes
}

/** For a port of its own: metrics alone, without a login, as RabbitMQ has them on 15692. */
export function createMetricsListener({
  metrics,
  hosts,
  onFault,
}: MetricsPortOptions): RequestListener {
  const routes = new Hono()
  if (hosts !== undefined) routes.use(refuseOtherHosts(hosts))
  routes.route('/metrics', createMetricsRoutes(metrics))
  routes.onError((error, context) => {
    onFault?.(error)
    return context.text('Internal Server Error', 500)
  })
  routes.notFound((context) => context.text('Metrics are at /metrics\n', 404))
  return listenerOf(routes)
}

export interface MetricsPortOptions {
  readonly metrics: MetricsSource
  /** The only hosts that requests may be for; left out, all. */
  readonly hosts?: ReadonlySet<string>
  readonly onFault?: (error: Error) => void
}

function answer(context: Context, metrics: Metrics, asked: MetricsAsked): Response {
  const format = formatFor(context.req.header('accept'))
  const headers = { 'content-type': contentTypes[format] }
  if (context.req.raw.method === 'HEAD') return context.body(null, { headers })
  if (!metrics.begin()) return context.text('Too many scrapes at a time: try again\n', 503)
  const { clock } = metrics.source.broker
  const body = scrapeStream({
    parts: partsOf(metrics, asked, format),
    clock,
    onEnd: () => metrics.end(),
  })
  return context.body(body, { headers })
}

async function* partsOf(
  metrics: Metrics,
  asked: MetricsAsked,
  format: ExpositionFormat,
): AsyncGenerator<string> {
  yield* expose(await metrics.families(asked), format, metrics.source.broker.clock)
}
