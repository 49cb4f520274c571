// A store that speaks S3 over a folder: for tests, and to try a cluster on one machine. It has no rights and no
// redundancy, and it can be told to do wrong what real stores do wrong.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Clock } from '../lib/clock.ts'
import { listen } from '../lib/listen.ts'
import type { Random } from '../lib/random.ts'
import { wait } from '../lib/wait.ts'
import { DoubleError, noSuchKey } from './double-error.ts'
import type { DoubleFault, DoubleHook } from './double-faults.ts'
import { DoubleFiles } from './double-files.ts'
import {
  answerTo,
  type DoubleAnswer,
  type DoubleParts,
  type DoubleRequest,
  understand,
} from './double-requests.ts'
import { DoubleUploads } from './double-uploads.ts'
import { writeXml } from './double-xml.ts'

export interface S3DoubleOptions {
  readonly folder: string
  readonly clock: Clock
  readonly random: Random
  /** Left out, both: 127.0.0.1 and a free port. */
  readonly host?: string | undefined
  readonly port?: number | undefined
  /** Buckets that are there; left out, every one is. */
  readonly buckets?: readonly string[] | undefined
  /** Left out, true: checksums of the client are checked, and told of objects. */
  readonly knowsChecksums?: boolean | undefined
}

export class S3Double {
  /** Decides about each request that comes from now on. */
  onRequest: DoubleHook = () => undefined
  /** Requests so far. */
  requestCount = 0
  readonly #server: Server
  readonly #parts: DoubleParts
  #url = ''

  private constructor(parts: DoubleParts) {
    this.#parts = parts
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy())
    })
  }

  static async open(options: S3DoubleOptions): Promise<S3Double> {
    const { folder, clock, random, buckets, knowsChecksums = true } = options
    const files = await DoubleFiles.open(folder, random)
    const uploads = new DoubleUploads(files)
    const double = new S3Double({ files, uploads, clock, buckets, knowsChecksums })
    const { host = '127.0.0.1', port = 0 } = options
    const service = 's3'
    const address = await listen(double.#server, { service, host, port, backlog: 511 })
    double.#url = `http://${host}:${address.port}`
    return double
  }

  /** What clients take as their endpoint. */
  get url(): string {
    return this.#url
  }

  /** Ends all connections. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requestCount++
    response.setHeader('date', new Date(this.#parts.clock.now()).toUTCString())
    response.setHeader('x-amz-request-id', String(this.requestCount))
    let wanted: DoubleRequest
    try {
      wanted = understand(request)
    } catch (error) {
      send(response, errorAnswer(error as Error))
      return
    }
    const fault = this.onRequest(wanted.operation, wanted.key)
    if (fault?.kind === 'slow') await wait(this.#parts.clock, fault.ms)
    const undone = undoneAnswer(fault)
    if (fault?.kind === 'cut') response.destroy()
    else if (undone !== undefined) send(response, undone)
    else await this.#do({ ...wanted, isEmptied: fault?.kind === 'empty' }, response, fault)
  }

  async #do(
    wanted: DoubleRequest,
    response: ServerResponse,
    fault: DoubleFault | undefined,
  ): Promise<void> {
    const answer = await answerTo(this.#parts, wanted).catch(errorAnswer)
    if (fault?.kind === 'no-answer') return
    if (fault?.kind === 'cut-after') response.destroy()
    else if (fault === undefined || !Buffer.isBuffer(answer.body)) send(response, answer)
    else sendWrongly(response, { ...answer, body: answer.body }, fault)
  }
}

/** Instead of doing anything. */
function undoneAnswer(fault: DoubleFault | undefined): DoubleAnswer | undefined {
  switch (fault?.kind) {
    case 'error':
      return errorAnswer(new DoubleError(fault.status, fault.code, 'as the script says'))
    case 'missing':
      return errorAnswer(noSuchKey())
    case 'page':
      return {
        status: 404,
        headers: { 'content-type': 'text/html' },
        body: '<html><body><h1>404 Not Found</h1><hr></body></html>',
      }
    default:
      return undefined
  }
}

function sendWrongly(
  response: ServerResponse,
  answer: DoubleAnswer & { readonly body: Buffer },
  fault: DoubleFault,
): void {
  const { status, headers = {}, body } = answer
  const half = body.subarray(0, body.length >> 1)
  switch (fault.kind) {
    case 'truncated':
      response.writeHead(status, { ...headers, 'content-length': body.length })
      response.write(half, () => response.destroy())
      return
    case 'short': {
      const range = String(headers['content-range'] ?? '')
      const [, from = '0', size = '0'] = /^bytes (\d+)-\d+\/(\d+)$/.exec(range) ?? []
      const said = `bytes ${from}-${Number(from) + half.length - 1}/${size}`
      send(response, { status, headers: { ...headers, 'content-range': said }, body: half })
      return
    }
    case 'damaged': {
      const bytes = Buffer.from(body)
      bytes[bytes.length >> 1]! ^= 1
      send(response, { ...answer, body: bytes })
      return
    }
    default:
      send(response, answer)
  }
}

function send(response: ServerResponse, { status, headers = {}, body = '' }: DoubleAnswer): void {
  response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers })
  // What is left of the request is read, so that the connection can go on.
  response.req.resume()
  response.end(response.req.method === 'HEAD' ? '' : body)
}

function errorAnswer(error: Error): DoubleAnswer {
  const known = error instanceof DoubleError
  const status = known ? error.status : 500
  const code = known ? error.code : 'InternalError'
  const body = writeXml('Error', { Code: code, Message: error.message })
  return { status, headers: { 'content-type': 'application/xml' }, body }
}
