// Definitions by HTTP: out as RabbitMQ has them, and in with a report, which RabbitMQ does not give.
import { type Context, Hono } from 'hono'
import type { DefinitionsTarget } from '../definitions/apply-plan.ts'
import {
  type DefinitionsOrigin,
  type ExportAsked,
  exportDefinitions,
} from '../definitions/export-definitions.ts'
import { importDefinitions, MalformedError } from '../definitions/import-definitions.ts'
import { badRequest, readText } from './answers.ts'

export function createDefinitionsRoutes(
  target: DefinitionsTarget,
  origin: DefinitionsOrigin,
): Hono {
  const { broker } = target
  const routes = new Hono()
  routes.get('/', (context) => download(context, { origin }))
  routes.get('/:vhost', (context) => {
    const vhost = broker.findVHost(context.req.param('vhost'))
    return vhost === undefined
      ? badRequest(context, 'vhost_not_found')
      : download(context, { origin, vhost })
  })
  routes.post('/', (context) => upload(context, undefined))
  routes.post('/:vhost', async (context) => {
    const name = context.req.param('vhost')
    if (broker.findVHost(name) !== undefined) return upload(context, name)
    return context.json({ error: 'not_found', reason: 'vhost_not_found' }, 404)
  })
  routes.all('*', (context) => context.body(null, 405))
  return routes

  async function download(context: Context, asked: ExportAsked): Promise<Response> {
    const json = await exportDefinitions(broker, asked)
    return context.body(json, 200, { 'Content-Type': 'application/json' })
  }

  async function upload(context: Context, vhost: string | undefined): Promise<Response> {
    const text = await readText(context)
    if (text === undefined) return badRequest(context, 'failed_to_parse_json: it is not UTF-8')
    const isCheck = context.req.query('check') === 'true'
    try {
      return context.json(await importDefinitions(target, { text, vhost, isCheck }))
    } catch (error) {
      if (error instanceof MalformedError) return badRequest(context, error.message)
      throw error
    }
  }
}
