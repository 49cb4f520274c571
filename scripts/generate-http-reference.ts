import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { startBroker } from '../src/start-broker.ts'
import { otherPortsOff } from '../test/support/other-ports-off.ts'
// Writes docs/http-reference.md from the OpenAPI document that a broker answers with, or with --check fails when the
// page is not what would be written.

const page: string = path.join(import.meta.dirname, '..', 'docs', 'http-reference.md')

interface Schema {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
}

interface Parameter {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly description?: string
  readonly schema?: Schema
}

interface Operation {
  readonly summary: string
  readonly tags: readonly string[]
  readonly 'x-access': string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema?: Schema }>> }
  readonly responses: Readonly<Record<string, { readonly description: string }>>
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

interface Named extends Operation {
  readonly call: string
}

const head = `# HTTP reference

<!-- Written by npm run generate from the operations of the broker; edit those. -->

Each operation of the [HTTP API](http-api.md), as \`GET /api/openapi.json\` has it with all schemas of bodies and answers. Lists take \`page\`, \`page_size\`, \`name\`, \`use_regex\`, \`sort\`, \`sort_reverse\` and \`columns\`: see [lists](http-api.md#lists). Pabal's own come first; what is of RabbitMQ takes and answers what RabbitMQ's does. Whom an operation is for: see [who may do what](http-api.md#who-may-do-what).
`

const listParameters = new Set('page page_size name use_regex sort sort_reverse columns'.split(' '))

/** Operations of Pabal's own first: RabbitMQ's are known. */
function describe({ paths }: OpenApi): string {
  const all = Object.entries(paths).flatMap(([place, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      ...operation,
      call: `${method.toUpperCase()} ${place}`,
    })),
  )
  const isOwn = ({ call }: Named): boolean => call.includes(' /api/v1/')
  return [
    head,
    ...byTag(all.filter(isOwn)).map(describeOwn),
    ...byTag(all.filter((each) => !isOwn(each))).map(describeRabbit),
  ].join('\n')
}

function byTag(operations: readonly Named[]): [tag: string, operations: Named[]][] {
  const tags = new Map<string, Named[]>()
  for (const operation of operations) {
    const [tag = 'Other'] = operation.tags
    tags.set(tag, [...(tags.get(tag) ?? []), operation])
  }
  return [...tags].toSorted(([a], [b]) => (a < b ? -1 : 1))
}

function describeRabbit([tag, operations]: readonly [string, readonly Named[]]): string {
  const rows = operations.map(
    ({ call, summary, 'x-access': access }) => `| \`${call}\` | ${cell(summary)} | ${access} |`,
  )
  return `## RabbitMQ's: ${tag}\n\n| call | what it does | for |\n|---|---|---|\n${rows.join('\n')}\n`
}

function describeOwn([tag, operations]: readonly [string, readonly Named[]]): string {
  return `## ${tag}\n\n${operations.map(describeOne).join('\n')}`
}

function describeOne(operation: Named): string {
  const { call, summary, responses, parameters = [] } = operation
  const isList = parameters.some(({ name }) => name === 'sort_reverse')
  const query = parameters.filter(
    ({ in: place, name }) => place === 'query' && !(isList && listParameters.has(name)),
  )
  const rows = [
    ...query.map(({ name, schema, description }) => row(`?${name}`, schema, description)),
    ...bodyRows(operation),
  ]
  const answers = Object.keys(responses).filter((status) => status !== '401')
  const table = rows.length === 0 ? '' : `\n| takes | |\n|---|---|\n${rows.join('\n')}\n`
  const list = isList ? ' A list.' : ''
  return `### ${call}\n\n${summary}.${list} For: ${operation['x-access']}. Answers ${answers.join(', ')}.\n${table}`
}

function bodyRows({ requestBody }: Operation): string[] {
  const [type, media] = Object.entries(requestBody?.content ?? {})[0] ?? []
  if (type === undefined) return []
  const { properties, required = [] } = media?.schema ?? {}
  if (properties === undefined) return [`| body | ${type} |`]
  return Object.entries(properties).map(([name, schema]) =>
    row(required.includes(name) && schema.default === undefined ? `${name} *` : name, schema),
  )
}

function row(name: string, schema: Schema = {}, description?: string): string {
  const said = description ?? schema.description ?? ''
  const facts = [typeOf(schema), rangeOf(schema), defaultOf(schema)].filter((fact) => fact !== '')
  const mark = name.endsWith(' *') ? ', required' : ''
  return `| \`${name.replace(' *', '')}\` | ${cell([said, `*${facts.join(', ')}${mark}*`].filter((part) => part !== '').join(' '))} |`
}

function typeOf(schema: Schema): string {
  const { type, anyOf, oneOf, items } = schema
  const one = schema.enum ?? (schema.const === undefined ? undefined : [schema.const])
  if (one !== undefined) return one.map((value) => `\`${String(value)}\``).join(' or ')
  const choices = anyOf ?? oneOf
  if (choices !== undefined) return [...new Set(choices.map(typeOf))].join(' or ')
  if (type === 'array') return `list of ${typeOf(items ?? {})}`
  if (typeof type === 'string') return type
  return type === undefined ? 'any' : type.join(' or ')
}

function rangeOf({ minimum, maximum }: Schema): string {
  const hasMaximum = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER
  if (minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER) {
    return hasMaximum ? `at most ${maximum}` : ''
  }
  return hasMaximum ? `${minimum} to ${maximum}` : `from ${minimum}`
}

function defaultOf({ default: preset }: Schema): string {
  const isShown = preset !== undefined && typeof preset !== 'object'
  return isShown ? `default ${JSON.stringify(preset)}` : ''
}

function cell(text: string): string {
  return text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ')
}

async function readDocument(): Promise<OpenApi> {
  const ports = { amqpPort: 0, kafkaPort: 0, httpPort: 0, ...otherPortsOff } as const
  const broker = await startBroker({ storage: 'memory', ...ports })
  try {
    const answer = await fetch(
      `http://127.0.0.1:${broker.addresses['http']?.port}/api/openapi.json`,
    )
    return (await answer.json()) as OpenApi
  } finally {
    await broker.close()
  }
}

const wanted = `${describe(await readDocument()).trimEnd()}\n`
const present = existsSync(page) ? readFileSync(page, 'utf8') : ''
if (!process.argv.includes('--check')) writeFileSync(page, wanted)
else if (wanted !== present) {
  process.stderr.write('docs/http-reference.md is not up to date: npm run generate\n')
  process.exitCode = 1
}
