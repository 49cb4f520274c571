// The OpenAPI document of a running broker: its operations, and whether an answer is one that it describes.
import assert from 'node:assert/strict'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import type { ApiAnswer, ApiUnderTest } from './api-under-test.ts'

export type JsonSchema = Readonly<Record<string, unknown>>

interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly schema: JsonSchema
}

/** What the document says of an operation. */
export interface DescribedOperation {
  /** As in the document: `GET /queues/{vhost}`. */
  readonly key: string
  readonly method: string
  /** `/api` first, with names in braces. */
  readonly path: string
  readonly access: string
  readonly pathNames: readonly string[]
  readonly query: readonly Parameter[]
  /** Of JSON that it takes; undefined where it takes none. */
  readonly body: JsonSchema | undefined
  /** Whether it reads other forms of bodies, too, in its own way. */
  readonly isRaw: boolean
  readonly statuses: ReadonlySet<string>
}

interface DescribedResponse {
  readonly content?: Readonly<Record<string, { readonly schema: JsonSchema }>>
}

interface Described {
  readonly 'x-access': string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: JsonSchema }>> }
  readonly responses: Readonly<Record<string, DescribedResponse>>
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>
}

const root = 'https://pabal.example/openapi.json'

export class ApiDocument {
  readonly json: object
  readonly operations: readonly DescribedOperation[]
  readonly #paths: OpenApi['paths']
  readonly #ajv: Ajv2020
  readonly #validators = new Map<string, ValidateFunction>()

  constructor(json: object) {
    this.json = json
    const { paths } = json as OpenApi
    this.#paths = paths
    this.#ajv = new Ajv2020({ strict: false, allErrors: true })
    this.#ajv.addSchema({ ...json, $id: root })
    this.operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, described]) => operationOf(path, method, described)),
    )
  }

  static async of(api: ApiUnderTest): Promise<ApiDocument> {
    return new ApiDocument((await api.make('GET', '/openapi.json')) as object)
  }

  /** Fails unless the document says that the operation answers so. */
  expectDescribed({ key, path, method, statuses }: DescribedOperation, answer: ApiAnswer): void {
    const { status, headers, text } = answer
    assert.ok(statuses.has(`${status}`), `${key}: ${status} is not described; ${text}`)
    const { content } = this.#paths[path]![method.toLowerCase()]!.responses[`${status}`]!
    if (content?.['application/json'] === undefined) {
      if (status === 204) assert.equal(text, '', key)
      return
    }
    assert.match(headers['content-type'] ?? '', /^application\/json\b/, key)
    const place = ['paths', path, method.toLowerCase(), 'responses', `${status}`, 'content']
    // The rest of each thing was not asked for.
    if (answer.hasColumns) return
    const validate = this.#validatorFor([...place, 'application/json', 'schema'])
    if (validate(answer.json)) return
    const problems = this.#ajv.errorsText(validate.errors)
    assert.fail(`${key}: ${status} is not as described: ${problems}\n${text.slice(0, 2000)}`)
  }

  /** A value that the schema refuses; undefined when it takes all that are tried. */
  wrongValueFor(schema: JsonSchema, candidates: readonly unknown[]): unknown {
    const validate = this.#ajv.compile({ ...schema })
    return candidates.find((candidate) => !validate(candidate))
  }

  #validatorFor(place: readonly string[]): ValidateFunction {
    const pointer = place
      .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
      .join('/')
    let validate = this.#validators.get(pointer)
    if (validate === undefined) {
      validate = this.#ajv.compile({ $ref: `${root}#/${pointer}` })
      this.#validators.set(pointer, validate)
    }
    return validate
  }
}

function operationOf(path: string, method: string, described: Described): DescribedOperation {
  const { parameters = [], requestBody, responses } = described
  const bodies = requestBody?.content ?? {}
  return {
    key: `${method.toUpperCase()} ${path.replace(/^\/api/, '')}`,
    method: method.toUpperCase(),
    path,
    access: described['x-access'],
    pathNames: parameters.filter((each) => each.in === 'path').map(({ name }) => name),
    query: parameters.filter((each) => each.in === 'query'),
    body: bodies['application/json']?.schema,
    isRaw: Object.keys(bodies).some((type) => type !== 'application/json'),
    statuses: new Set(Object.keys(responses)),
  }
}
