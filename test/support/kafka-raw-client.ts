// A Kafka client of one socket: sends requests that the broker's own codec wrote, or any bytes, and
// reads the answers in their order. What an answer means is for the test to say.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { apiCodecs, type ApiMessages, type ApiName } from '../../src/codec/kafka/apis.gen.ts'
import { encodeRequest } from '../../src/codec/kafka/request.ts'
import { readResponse, readResponseHeader } from '../../src/codec/kafka/response.ts'
import { WireReader } from '../../src/codec/kafka/wire-reader.ts'
import { WireWriter } from '../../src/codec/kafka/wire-writer.ts'
import './load-kafka-codecs.ts'
import { within } from './wait-for.ts'

interface Waiting {
  readonly onAnswer: (body: Buffer) => void
  readonly onEnd: (error: Error) => void
}

export class KafkaRawClient implements AsyncDisposable {
  /** Whole answers received, without their sizes. */
  readonly answers: Buffer[] = []
  isClosed = false
  readonly #socket: Socket
  readonly #writer = new WireWriter()
  readonly #waiting: Waiting[] = []
  #pieces: Buffer[] = []
  #size = 0
  #nextId = 1

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', () => {})
    socket.on('close', () => {
      this.isClosed = true
      for (const { onEnd } of this.#waiting.splice(0)) onEnd(new Error('the broker hung up'))
    })
  }

  /** Over TLS when `ca`, in PEM, is there to vouch for the broker. */
  static async connect(port: number, ca?: string): Promise<KafkaRawClient> {
    const to = { host: '127.0.0.1', port }
    const socket = ca === undefined ? connect(to) : connectTls({ ...to, ca })
    const client = new KafkaRawClient(socket)
    await once(socket, ca === undefined ? 'connect' : 'secureConnect')
    return client
  }

  /** Bytes of a whole request with its size; the newest version unless another is named. */
  encode<Name extends ApiName>(
    api: Name,
    request: ApiMessages[Name]['request'],
    apiVersion: number = apiCodecs[api].versionMax,
  ): { readonly bytes: Buffer; readonly correlationId: number } {
    // Far apart, so that a damaged one is not taken for another.
    const correlationId = Math.imul(this.#nextId++, 0x9e37_79b1)
    const header = { api, apiVersion, correlationId, clientId: 'raw' }
    return { bytes: Buffer.concat(encodeRequest(this.#writer, header, request)), correlationId }
  }

  /** Sends one request and resolves with its answer; fails when the broker hangs up. */
  async call<Name extends ApiName>(
    api: Name,
    request: ApiMessages[Name]['request'],
    apiVersion: number = apiCodecs[api].versionMax,
  ): Promise<ApiMessages[Name]['response']> {
    const { bytes, correlationId } = this.encode(api, request, apiVersion)
    const reader = new WireReader()
    reader.reset(await within(`${api} is answered`, this.exchange(bytes)))
    const got = readResponseHeader(reader, api, apiVersion)
    if (got !== correlationId) throw new Error(`answer ${got} to request ${correlationId}`)
    return readResponse(api, reader, apiVersion)
  }

  /** Sends a whole request and resolves with the bytes of its answer. */
  exchange(bytes: Buffer): Promise<Buffer> {
    const answer = new Promise<Buffer>((onAnswer, onEnd) => {
      this.#waiting.push({ onAnswer, onEnd })
    })
    this.send(bytes)
    return answer
  }

  send(bytes: Buffer): void {
    if (!this.#socket.destroyed && !this.#socket.writableEnded) this.#socket.write(bytes)
  }

  /** Says that nothing more comes. */
  end(): void {
    this.#socket.end()
    this.#socket.resume()
  }

  /** Stops and goes on taking what the broker sends. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isClosed) return
    const closed = once(this.#socket, 'close')
    this.#socket.destroy()
    await closed
  }

  #receive(chunk: Buffer): void {
    this.#pieces.push(chunk)
    this.#size += chunk.length
    while (this.#takeAnswer());
  }

  #takeAnswer(): boolean {
    if (this.#size < 4) return false
    if ((this.#pieces[0] as Buffer).length < 4) this.#pieces = [Buffer.concat(this.#pieces)]
    const size = (this.#pieces[0] as Buffer).readInt32BE(0)
    if (size < 0) throw new Error('the broker sent an answer of a negative size')
    if (this.#size < size + 4) return false
    const bytes = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces)
    const answer = bytes.subarray(4, size + 4)
    const rest = bytes.subarray(size + 4)
    this.#pieces = rest.length === 0 ? [] : [rest]
    this.#size = rest.length
    this.answers.push(answer)
    this.#waiting.shift()?.onAnswer(answer)
    return true
  }
}
