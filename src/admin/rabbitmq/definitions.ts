// Definitions: out as RabbitMQ has them, and in with a report, which RabbitMQ does not give.
import { isUtf8 } from 'node:buffer'
import type { Context } from 'hono'
import { z } from 'zod'
import {
  type DefinitionsOrigin,
  type ExportAsked,
  exportDefinitions,
} from '../../definitions/export-definitions.ts'
import { importDefinitions, MalformedError } from '../../definitions/import-definitions.ts'
import { definitionsLimits } from '../../limits/definitions.ts'
import { badRequest, type ManagementParts } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'
import { readDefinitionsFile } from './definitions-file.ts'
import { exportOfAll, importOfAll } from './definitions-of-all.ts'

const tag = 'Definitions'
const access = 'administrator'

const items = z.array(z.looseObject({}))

const definitionsSchema = z.looseObject({
  rabbit_version: z.string(),
  rabbitmq_version: z.string(),
  product_name: z.string(),
  product_version: z.string(),
  rabbitmq_definition_format: z.string(),
  explanation: z.string(),
  parameters: items,
  policies: items,
  exchanges: items,
  queues: items,
  bindings: items,
})

const count = z.int().nonnegative()

const reportSchema = z.object({
  check: z.boolean().describe('Nothing was changed: the counts say what would be'),
  counts: z
    .record(
      z.string(),
      z.object({ add: count, change: count, same: count, differs: count, ignored: count }),
    )
    .describe('By kind'),
  rows: z.array(
    z.object({
      kind: z.string(),
      vhost: z.string().optional(),
      name: z.string(),
      outcome: z.string(),
      note: z.string().optional(),
      differences: z
        .array(
          z.object({ field: z.string(), from: z.unknown().optional(), to: z.unknown().optional() }),
        )
        .optional()
        .describe('Of what is changed: from what to what; passwords are not shown'),
    }),
  ),
  left_out: count.describe('Rows that are not told'),
})

const downloadQuery = z.object({
  download: z
    .string()
    .regex(/^[\w!#$%&'*+.^`|~-]+$/, 'is no name of a file')
    .optional()
    .describe('What a browser names the file'),
})

const uploadQuery = z.object({
  check: z.enum(['true', 'false']).optional().describe('true: only say what would be changed'),
})

/** The old name of the path is one of RabbitMQ's still. */
const paths = ['/definitions', '/all-configuration'] as const

export function definitionsOperations(
  parts: ManagementParts,
  origin: DefinitionsOrigin,
): Operation[] {
  const { broker } = parts
  const ofAll = paths.flatMap((path) => [
    operation({
      method: 'get',
      path,
      where: exportOfAll,
      tag,
      summary: 'Definitions of the whole broker',
      access,
      query: downloadQuery,
      answers: { 200: definitionsSchema },
      handle: ({ query, context }) => download(context, parts, { origin, name: query.download }),
    }),
    operation({
      method: 'post',
      path,
      where: importOfAll,
      tag,
      summary: 'Import definitions',
      access,
      query: uploadQuery,
      ...upload,
      handle: ({ query, context }) => accept(context, parts, { isCheck: query.check === 'true' }),
    }),
  ])
  return [
    ...ofAll,
    operation({
      method: 'get',
      path: '/definitions/{vhost}',
      tag,
      summary: 'Definitions of a virtual host',
      access,
      query: downloadQuery,
      answers: { 200: definitionsSchema },
      handle({ names, query, context }) {
        const vhost = broker.findVHost(names.vhost)
        return vhost === undefined
          ? badRequest(context, 'vhost_not_found')
          : download(context, parts, { origin, vhost, name: query.download })
      },
    }),
    operation({
      method: 'post',
      path: '/definitions/{vhost}',
      tag,
      summary: 'Import definitions into a virtual host',
      access,
      query: uploadQuery,
      ...upload,
      handle({ names: { vhost }, query, context }) {
        if (broker.findVHost(vhost) === undefined) {
          return context.json({ error: 'not_found', reason: 'vhost_not_found' }, 404)
        }
        return accept(context, parts, { vhost, isCheck: query.check === 'true' })
      },
    }),
  ]
}

const file = { type: 'string', description: 'Definitions as RabbitMQ or Pabal writes them' }

const upload = {
  answers: { 200: reportSchema },
  bodySizeMax: definitionsLimits.fileSizeMax,
  rawBody: {
    'application/json': { type: 'object', description: file.description },
    'multipart/form-data': { type: 'object', properties: { file }, required: ['file'] },
  },
} as const

interface Download extends ExportAsked {
  /** Of the file; undefined when it is to be shown. */
  readonly name: string | undefined
}

async function download(
  context: Context,
  { broker }: ManagementParts,
  { name, ...asked }: Download,
): Promise<Response> {
  const json = await exportDefinitions(broker, asked)
  if (name !== undefined) context.header('Content-Disposition', `attachment; filename=${name}`)
  return context.body(json, 200, { 'Content-Type': 'application/json' })
}

interface Upload {
  /** Undefined for all. */
  readonly vhost?: string
  readonly isCheck: boolean
}

async function accept(context: Context, parts: ManagementParts, asked: Upload): Promise<Response> {
  const bytes = await readDefinitionsFile(context)
  if (bytes === undefined) {
    return badRequest(context, 'failed_to_parse_json: the form has no field named file')
  }
  if (!isUtf8(bytes)) return badRequest(context, 'failed_to_parse_json: it is not UTF-8')
  try {
    return context.json(
      await importDefinitions(parts, { vhost: undefined, ...asked, text: bytes.toString() }),
    )
  } catch (error) {
    if (error instanceof MalformedError) return badRequest(context, error.message)
    throw error
  }
}
