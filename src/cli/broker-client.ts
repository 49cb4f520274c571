// Asks the running broker of a data folder, over its local socket, by HTTP.
import { readFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import path from 'node:path'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { isTooLongForSocket, localSocketFile, localSocketPathFile } from '../lib/local-socket.ts'
import { programLimits } from '../limits/program.ts'

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

interface Sent {
  readonly method: Method
  readonly path: string
  readonly content: string | Buffer
  /** For so long nothing may come. */
  readonly waitMs: number
}

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE'

export class BrokerClient {
  readonly #folder: string

  constructor(dataFolder: string) {
    this.#folder = path.resolve(dataFolder)
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
    return this.#ask('GET', `${pathOf(segments)}?${query}`, undefined)
  }

  /** As `ask`, for what stays as it is and may take long. `query` begins with `?`, or is empty. */
  transfer(
    method: Method,
    segments: readonly string[],
    { query = '', content = '' }: { readonly query?: string; readonly content?: string | Buffer },
  ): Promise<TextAnswer> {
    const path = `${pathOf(segments)}${query}`
    return this.#send({ method, path, content, waitMs: programLimits.transferMsMax })
  }

  /** The data folder of the broker. */
  get folder(): string {
    return this.#folder
  }

  /** What the broker sends, as it comes, or `undefined` when none runs. Rejects as `ask` does. */
  async download(
    segments: readonly string[],
    parameters: Readonly<Record<string, string>>,
  ): Promise<IncomingMessage | undefined> {
    const query = new URLSearchParams(parameters).toString()
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const sent = request({
      socketPath: findSocket(this.#folder),
      path: `${pathOf(segments)}?${query}`,
      headers: { host: 'localhost' },
      timeout: programLimits.transferMsMax,
    })
    sent.on('timeout', () => sent.destroy(tooSlow(programLimits.transferMsMax)))
    sent.on('error', reject).on('response', resolve).end()
    try {
      return await promise
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      if (['ENOENT', 'ECONNREFUSED'].includes(code)) return undefined
      throw this.#explain(error as Error)
    }
  }

  async #ask(method: Method, pathAndQuery: string, body: unknown): Promise<Answer> {
    const content = body === undefined ? '' : JSON.stringify(body)
    const sent = { method, path: pathAndQuery, content, waitMs: programLimits.askMsMax }
    const { status, text } = await this.#send(sent)
    return { status, body: parse(text) }
  }

  async #send({ method, path, content, waitMs }: Sent): Promise<TextAnswer> {
    const socketPath = findSocket(this.#folder)
    if (isTooLongForSocket(socketPath)) {
      // A broker would have written where else its socket is.
      const otherwise = '; if one does, its log says why it has no local socket'
      throw new ExitError(exitCodes.unavailable, `${noBroker(this.#folder)}${otherwise}`)
    }
    const { promise, resolve, reject } = Promise.withResolvers<TextAnswer>()
    const sent = request({
      socketPath,
      method,
      path,
      headers: {
        host: 'localhost',
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(content),
      },
      timeout: waitMs,
    })
    sent.on('timeout', () => sent.destroy(tooSlow(waitMs)))
    sent.on('error', (error) => reject(this.#explain(error)))
    sent.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('error', (error) => reject(this.#explain(error)))
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text })
      })
    })
    sent.end(content)
    const answer = await promise
    if (answer.status < 500) return answer
    throw new ExitError(
      exitCodes.unavailable,
      `the broker failed to answer (${answer.status}): see its log`,
    )
  }

  #explain(error: NodeJS.ErrnoException): Error {
    if (error instanceof ExitError) return error
    if (error.code === 'EACCES' || error.code === 'EPERM') {
      return new ExitError(
        exitCodes.notPermitted,
        `not permitted to talk to the broker of data folder '${this.#folder}': ` +
          'run this as the user who runs the broker',
      )
    }
    return new ExitError(
      exitCodes.unavailable,
      noBroker(this.#folder, ` (${error.code ?? error.message})`),
      { cause: error },
    )
  }
}

function noBroker(folder: string, reason = ''): string {
  return `no broker runs on data folder '${folder}'${reason}: start one, or name its folder with --data`
}

function pathOf(segments: readonly string[]): string {
  return `/api/${segments.map(encodeURIComponent).join('/')}`
}

function findSocket(folder: string): string {
  try {
    return readFileSync(path.join(folder, localSocketPathFile), 'utf8')
  } catch {
    return path.join(folder, localSocketFile)
  }
}

function tooSlow(waitMs: number): ExitError {
  const seconds = waitMs / 1000
  return new ExitError(
    exitCodes.tryLater,
    `the broker has not answered for ${seconds} s: see its log; it goes on with what was asked`,
  )
}

function parse(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
