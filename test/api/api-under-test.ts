// A running broker's HTTP API, called as clients that write any path call it: no URL parser stands between.
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { type RunningBroker, startBroker } from '../../src/start-broker.ts'
import { otherPortsOff } from '../support/other-ports-off.ts'
import { within } from '../support/wait-for.ts'

/** Users of the tests by what they may do; each has its name for a password. */
export type ApiUser =
  /** The user of the settings, an administrator. */
  | 'own'
  /** No tag, all rights in `/`. */
  | 'plain'
  /** Only tags, no rights anywhere. */
  | 'management-outside'
  | 'policymaker-outside'
  | 'monitoring-outside'
  /** A tag, and all rights in `/`. */
  | 'management'
  | 'policymaker'
  | 'monitoring'

export interface ApiCall {
  readonly method: string
  /** As it is sent, `/api` first. */
  readonly path: string
  /** JSON, unless it is bytes. */
  readonly body?: unknown
  /** Left out: nobody logs in. */
  readonly as?: ApiUser | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** From where, in 127.0.0.0/8; wrong logins of one address are answered more and more slowly. */
  readonly from?: string
}

export interface ApiAnswer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  /** Empty for a stream of events, which is left at once. */
  readonly text: string
  /** The call was for some columns of things only. */
  readonly hasColumns: boolean
  /** Undefined for what is no JSON. */
  readonly json: unknown
}

export class ApiUnderTest implements AsyncDisposable {
  readonly #broker: RunningBroker
  readonly #agent = new Agent({ keepAlive: true })

  private constructor(broker: RunningBroker) {
    this.#broker = broker
  }

  static async start(): Promise<ApiUnderTest> {
    const broker = await startBroker({
      storage: 'memory',
      user: 'own',
      password: 'own',
      ...otherPortsOff,
      amqpPort: 0,
      kafkaPort: 0,
      httpPort: 0,
      mqttPort: 0,
    })
    const api = new ApiUnderTest(broker)
    await api.#addUsers()
    return api
  }

  /** Of a service: `amqp`, `http`. */
  portOf(service: string): number {
    return this.#broker.addresses[service]!.port
  }

  /** Waits for the answer, but not for ever. */
  async call(asked: ApiCall): Promise<ApiAnswer> {
    return within(`${asked.method} ${asked.path} is answered`, this.#call(asked))
  }

  /** A call of the user of the settings that has to succeed. */
  async make(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await this.call({ method, path: `/api${path}`, body, as: 'own' })
    if (answer.status < 300) return answer.json
    throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`)
  }

  async #call({ method, path, body, as, headers, from }: ApiCall): Promise<ApiAnswer> {
    const bytes = body === undefined || Buffer.isBuffer(body) ? body : JSON.stringify(body)
    const asking = request({
      host: '127.0.0.1',
      port: this.portOf('http'),
      method,
      path,
      agent: this.#agent,
      ...(as !== undefined && { auth: `${as}:${as}` }),
      headers: { ...headers, 'content-length': Buffer.byteLength(bytes ?? '') },
      ...(from !== undefined && { localAddress: from, agent: false }),
    })
    asking.end(bytes)
    const [response] = (await once(asking, 'response')) as [IncomingMessage]
    const { statusCode: status = 0, headers: answered } = response
    const isStream = answered['content-type']?.startsWith('text/event-stream') === true
    if (isStream) response.destroy()
    const content = isStream ? '' : await text(response)
    const hasColumns = /[?&]columns=/.test(path) && status < 400
    return { status, headers: answered, text: content, hasColumns, json: parse(content) }
  }

  async #addUsers(): Promise<void> {
    const all = { configure: '.*', write: '.*', read: '.*' }
    for (const user of ['plain', 'management', 'policymaker', 'monitoring']) {
      await this.make('PUT', `/users/${user}`, {
        password: user,
        tags: user === 'plain' ? '' : user,
      })
      await this.make('PUT', `/permissions/%2F/${user}`, all)
      if (user === 'plain') continue
      const outside = `${user}-outside`
      await this.make('PUT', `/users/${outside}`, { password: outside, tags: user })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy()
    await this.#broker.close()
  }
}

function parse(content: string): unknown {
  try {
    return JSON.parse(content)
  } catch {
    return undefined
  }
}
