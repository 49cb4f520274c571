// The OpenAPI document of the HTTP API (https://spec.openapis.org/oas/v3.1.1), made of its operations.
import { z } from 'zod'
import { networkLimits } from '../../limits/network.ts'
import { type Answers, isOwnPath, type Operation, pathNames } from './operation.ts'

/** A JSON object. */
type Json = Readonly<Record<string, unknown>>

const jsonType = 'application/json'

/** Answers that nobody has to list: what each means is the same everywhere. */
const refusals: Readonly<Record<number, string>> = {
  400: 'Something in the request cannot be used; `reason` says what',
  401: 'Not logged in, or not permitted',
  404: 'There is no such thing',
  413: 'The body is too large',
  503: 'Too many large bodies are being read',
}

export function openApiDocument(operations: readonly Operation[], version: string): Json {
  const paths: Record<string, Record<string, Json>> = {}
  for (const operation of operations) {
    const path = `/api${operation.path}`
    paths[path] = { ...paths[path], [operation.method]: describe(operation) }
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Pabal',
      version,
      description:
        "RabbitMQ's management API, and below `/api/v1` Pabal's own. Names in paths are percent-encoded: the virtual host `/` is `%2F`.",
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ basic: [] }, { token: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: {
        basic: { type: 'http', scheme: 'basic' },
        token: { type: 'http', scheme: 'bearer', description: 'A token of an OAuth 2 issuer' },
        session: { type: 'apiKey', in: 'cookie', name: 'pabal_session' },
      },
      schemas: { Refusal: schemaOf(refusalSchema) },
    },
  }
}

const refusalSchema = z.object({ error: z.string(), reason: z.string() })

function describe(operation: Operation): Json {
  const { summary, tag, access, query, rawBody, answers, path, method, bodySizeMax = 0 } = operation
  const names = pathNames(path)
  const schemas = rawBody ?? bodySchemas(operation)
  const bodies = Object.fromEntries(
    Object.entries(schemas).map(([type, schema]) => [type, { schema }]),
  )
  const parameters = [
    ...names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
    ...queryParameters(query),
  ]
  return {
    operationId: operationId(method, path),
    summary,
    tags: [tag],
    'x-access': access,
    ...(access === 'open' && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(Object.keys(bodies).length > 0 && { requestBody: { content: bodies } }),
    responses: responses(answers, {
      mayBeBad: method !== 'get' || query !== undefined,
      isOpen: access === 'open',
      mayBeMissing: names.length > 0,
      mayBeLarge: isOwnPath(path) && Object.keys(bodies).length > 0,
      mayBeTooMany: access !== 'administrator' && bodySizeMax > networkLimits.httpBodySizeMax,
    }),
  }
}

function bodySchemas({ body, lines }: Operation): Json {
  if (body === undefined) return {}
  const schema = schemaOf(body, 'input')
  if (lines === undefined) return { [jsonType]: schema }
  const { properties = {} } = schema as { readonly properties?: Readonly<Record<string, Json>> }
  return { [jsonType]: schema, 'application/x-ndjson': properties[lines]?.['items'] ?? {} }
}

function queryParameters(query: z.ZodType | undefined): Json[] {
  if (query === undefined) return []
  const { properties = {}, required = [] } = schemaOf(query, 'input') as {
    readonly properties?: Json
    readonly required?: readonly string[]
  }
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }))
}

interface Refused {
  readonly mayBeBad: boolean
  readonly isOpen: boolean
  readonly mayBeMissing: boolean
  readonly mayBeLarge: boolean
  /** Of large bodies. */
  readonly mayBeTooMany: boolean
}

function responses(
  answers: Answers,
  { mayBeBad, isOpen, mayBeMissing, mayBeLarge, mayBeTooMany }: Refused,
): Json {
  const described: Record<string, Json> = {}
  for (const [status, answer] of Object.entries(answers)) {
    described[status] =
      typeof answer === 'string'
        ? { description: answer }
        : { description: 'OK', content: { [jsonType]: { schema: schemaOf(answer) } } }
  }
  const refused = [
    ...(mayBeBad ? [400] : []),
    ...(isOpen ? [] : [401]),
    ...(mayBeMissing ? [404] : []),
    ...(mayBeLarge ? [413] : []),
    ...(mayBeTooMany ? [503] : []),
  ]
  for (const status of refused) {
    described[status] ??= {
      description: refusals[status],
      content: { [jsonType]: { schema: { $ref: '#/components/schemas/Refusal' } } },
    }
  }
  return described
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output' = 'output'): Json {
  const { $schema: _, ...described } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return described
}

/** `GET /queues/{vhost}/{name}` → `getQueuesVhostName`. */
function operationId(method: string, path: string): string {
  const words = path.split(/[^a-zA-Z0-9]+/).filter((word) => word !== '')
  return method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
}
