// Asks a running broker by HTTP: over the local socket of its data folder, or at a URL.
import { type IncomingMessage, request, type RequestOptions } from 'node:http'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { programLimits } from '../limits/program.ts'
import { explainLocal, socketOptions } from './ask-locally.ts'
import { explainRemote, noBrokerThere, remoteOptions, whyRefusedThere } from './ask-remotely.ts'
import { type BrokerPlace, placeName } from './broker-place.ts'

export interface Answer {
  readonly status: number
  /** Undefined when it has no body. */
  readonly body: unknown
}

/** The same before anybody has read it. */
export interface TextAnswer {
  readonly status: number
  readonly text: string
}

export interface TransferOptions {
  /** Begins with `?`, or is empty. */
  readonly query?: string
  readonly content?: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

interface Sent {
  readonly method: Method
  readonly path: string
  readonly content: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
  /** For so long nothing may come. */
  readonly waitMs: number
}

/** Lists of a cluster name there what did not answer. */
const missingHeader = 'x-pabal-missing'

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE'

export class BrokerClient {
  readonly #place: BrokerPlace
  readonly #flags: string
  readonly #missing = new Set<string>()

  /** Of the broker of a data folder, or elsewhere. `flags` are those that name it on the command line. */
  constructor(place: string | BrokerPlace, flags = '') {
    this.#place = typeof place === 'string' ? { folder: place } : place
    this.#flags = flags
  }

  /** Where the broker is, for messages. */
  get place(): string {
    return placeName(this.#place)
  }

  /** What of a cluster did not answer, so that what was asked for is not all that there is: `cell 0`. */
  get missing(): readonly string[] {
    return [...this.#missing]
  }

  /** A command for this broker, as somebody would have to write it: `vhost list`. */
  commandLine(command: string): string {
    return `pabal ${command}${this.#flags}`
  }

  /**
   * `segments` are the parts of the path behind `/api`. Rejects with an `ExitError` when nobody answers,
   * or answers with a fault of the broker.
   */
  ask(method: Method, segments: readonly string[], body?: unknown): Promise<Answer> {
    return this.#ask(method, pathOf(segments), body)
  }

  /** Asks for what is there, with parameters; rejects as `ask` does. */
  get(segments: readonly string[], parameters: Readonly<Record<string, string>>): Promise<Answer> {
    const query = new URLSearchParams(parameters).toString()
    return this.#ask('GET', query === '' ? pathOf(segments) : `${pathOf(segments)}?${query}`)
  }

  /** As `ask`, for what stays as it is and may take long. */
  transfer(
    method: Method,
    segments: readonly string[],
    { query = '', content = '', headers = {} }: TransferOptions,
  ): Promise<TextAnswer> {
    const path = `${pathOf(segments)}${query}`
    return this.#send({ method, path, content, headers, waitMs: programLimits.transferMsMax })
  }

  /** The data folder of a broker on this machine; undefined for one that is named by a URL. */
  get folder(): string | undefined {
    return 'folder' in this.#place ? this.#place.folder : undefined
  }

  /**
   * What the broker sends, as it comes, or undefined where a data folder is named on which none runs. Rejects
   * as `ask` does.
   */
  async download(
    segments: readonly string[],
    parameters: Readonly<Record<string, string>>,
  ): Promise<IncomingMessage | undefined> {
    const query = new URLSearchParams(parameters).toString()
    const waitMs = programLimits.transferMsMax
    try {
      return await this.#begin({
        method: 'GET',
        path: `${pathOf(segments)}?${query}`,
        content: '',
        waitMs,
      })
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      const isLocal = 'folder' in this.#place
      if (isLocal && ['ENOENT', 'ECONNREFUSED'].includes(code)) return undefined
      throw this.#explain(error as NodeJS.ErrnoException)
    }
  }

  /** What the broker sends, as it comes, or a refusal. Rejects as `ask` does. */
  async stream(
    segments: readonly string[],
    parameters: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<IncomingMessage | Answer> {
    const query = new URLSearchParams(parameters).toString()
    const path = `${pathOf(segments)}?${query}`
    const waitMs = programLimits.transferMsMax
    let answer: TextAnswer
    try {
      const response = await this.#begin({ method: 'GET', path, content: '', headers, waitMs })
      if (response.statusCode === 200) return response
      answer = await readText(response)
    } catch (error) {
      throw this.#explain(error as NodeJS.ErrnoException)
    }
    const { status, text } = this.#checked(answer)
    return { status, body: parse(text) }
  }

  /** Asks for a path that is not below `/api`. */
  askPath(path: string): Promise<Answer> {
    return this.#ask('GET', path)
  }

  async #ask(method: Method, pathAndQuery: string, body?: unknown): Promise<Answer> {
    const content = body === undefined ? '' : JSON.stringify(body)
    const sent = { method, path: pathAndQuery, content, waitMs: programLimits.askMsMax }
    const { status, text } = await this.#send(sent)
    const answered = parse(text)
    const isJson = text === '' || answered !== text
    if (!isJson && 'url' in this.#place) throw noBrokerThere(status, this.#place)
    return { status, body: answered }
  }

  async #send(sent: Sent): Promise<TextAnswer> {
    let answer: TextAnswer
    try {
      answer = await this.#exchange(sent)
    } catch (error) {
      throw this.#explain(error as NodeJS.ErrnoException)
    }
    return this.#checked(answer)
  }

  /** Throws for answers that no command can do anything with. */
  #checked(answer: TextAnswer): TextAnswer {
    const { status, text } = answer
    if (status === 503 && parse(text) !== text) return answer
    if (status >= 500) {
      const problem = `the broker failed to answer (${status}): see its log`
      throw new ExitError(exitCodes.unavailable, problem)
    }
    const refused = 'url' in this.#place && whyRefusedThere(answer, this.#place)
    if (refused) throw refused
    if ('url' in this.#place && !isJson(text)) throw noBrokerThere(status, this.#place)
    return answer
  }

  async #exchange(sent: Sent): Promise<TextAnswer> {
    return readText(await this.#begin(sent))
  }

  /** Resolves with the answer once its head has come. */
  async #begin({ method, path, content, headers: others, waitMs }: Sent): Promise<IncomingMessage> {
    const place = this.#place
    const { headers: own, ...options } =
      'folder' in place ? socketOptions(place) : remoteOptions(place)
    const headers = {
      ...own,
      ...others,
      accept: 'application/json',
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(content),
    }
    const prefix = 'url' in place ? place.url.pathname.replace(/\/+$/, '') : ''
    const send = await senderFor(place)
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const sent = send({ ...options, method, path: `${prefix}${path}`, headers, timeout: waitMs })
    sent.on('timeout', () => sent.destroy(tooSlow(waitMs)))
    sent.on('error', reject)
    sent.on('response', (response) => {
      this.#noteMissing(response)
      resolve(response)
    })
    sent.end(content)
    return promise
  }

  #noteMissing({ headers }: IncomingMessage): void {
    const named = headers[missingHeader]
    if (typeof named !== 'string') return
    for (const name of named.split(', ')) this.#missing.add(name)
  }

  #explain(error: NodeJS.ErrnoException): Error {
    if (error instanceof ExitError) return error
    const place = this.#place
    return 'folder' in place ? explainLocal(error, place) : explainRemote(error, place)
  }
}

/** TLS takes a while to load, and few need it. */
async function senderFor(
  place: BrokerPlace,
): Promise<(options: RequestOptions) => ReturnType<typeof request>> {
  if (!('url' in place) || place.url.protocol !== 'https:') return request
  return (await import('node:https')).request
}

async function readText(response: IncomingMessage): Promise<TextAnswer> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of response as AsyncIterable<Buffer>) {
    size += part.length
    if (size > programLimits.answerSizeMax) {
      response.destroy()
      throw new ExitError(
        exitCodes.unavailable,
        `the answer has more than ${programLimits.answerSizeMax} bytes: ask for less`,
      )
    }
    parts.push(part)
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() }
}

function pathOf(segments: readonly string[]): string {
  return `/api/${segments.map(encodeURIComponent).join('/')}`
}

function tooSlow(waitMs: number): ExitError {
  const seconds = waitMs / 1000
  return new ExitError(
    exitCodes.tryLater,
    `the broker has not answered for ${seconds} s: see its log; it goes on with what was asked`,
  )
}

/** By its beginning, which is enough to know a page: definitions are long. Nothing is no body. */
function isJson(text: string): boolean {
  return text === '' || /^\s*(?:[[{"\d-]|true|false|null)/.test(text)
}

function parse(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
