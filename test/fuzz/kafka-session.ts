// One fuzzed Kafka connection: requests from a seed, some of them damaged, in pieces and pipelined,
// then one that must be answered. Throws when the broker neither answers nor hangs up in time, or
// when what it answers to a good request cannot be read.
import { setImmediate, setTimeout as delay } from 'node:timers/promises'
import { readResponse, readResponseHeader } from '../../src/codec/kafka/response.ts'
import { WireReader } from '../../src/codec/kafka/wire-reader.ts'
import type { Random } from '../../src/lib/random.ts'
import { KafkaRawClient } from '../support/kafka-raw-client.ts'
import { waitFor } from '../support/wait-for.ts'
import { mutateRequest } from './kafka-mutate.ts'
import { type RandomRequest, randomRequest } from './kafka-values.ts'

/** answered: the last request was; refused: the broker hung up; waiting: it rightly waits for more. */
export type KafkaSessionEnd = 'answered' | 'refused' | 'waiting' | 'dropped'

export interface KafkaSessionOptions {
  readonly port: number
  readonly random: Random
  /** Of topics that are there. */
  readonly topicIds: readonly string[]
  /** Logs in first; undefined when nobody needs to. */
  readonly login?: Buffer
}

interface Sent extends RandomRequest {
  readonly correlationId: number
}

const answerMsMax = 10_000
const fetchKey = 1
const shareFetchKey = 78
/** Their answers wait for other members, or for records, up to a time that damage may have set. */
const waitingKeys = new Set([fetchKey, 11, 14, shareFetchKey])

export async function runKafkaSession(options: KafkaSessionOptions): Promise<KafkaSessionEnd> {
  const client = await KafkaRawClient.connect(options.port)
  try {
    return await new Session(client, options).run()
  } finally {
    client.destroy()
  }
}

class Session {
  readonly #client: KafkaRawClient
  readonly #random: Random
  readonly #login: Buffer | undefined
  readonly #topicIds: readonly string[]
  readonly #isDamaged: boolean
  readonly #good: Sent[] = []
  readonly #bytes: Buffer[] = []

  constructor(client: KafkaRawClient, { random, login, topicIds }: KafkaSessionOptions) {
    this.#client = client
    this.#random = random
    this.#login = login
    this.#topicIds = topicIds
    this.#isDamaged = random.below(8) > 0
  }

  async run(): Promise<KafkaSessionEnd> {
    const random = this.#random
    if (this.#login !== undefined && random.below(3) > 0) this.#logIn(this.#login)
    for (let left = 1 + random.below(6); left > 0; left--) this.#add()
    const isDropped = this.#isDamaged && random.below(8) === 0
    const last = this.#client.encode('apiVersions', names, 3)
    if (!isDropped) this.#bytes.push(last.bytes)
    await this.#sendAll(Buffer.concat(this.#bytes), isDropped)
    const end = isDropped ? 'dropped' : await this.#expectEnd(last.correlationId)
    this.#checkAnswers()
    this.#client.end()
    await waitFor('the broker ends the socket', () => this.#client.isClosed, answerMsMax)
    return end
  }

  #logIn(token: Buffer): void {
    const client = this.#client
    this.#bytes.push(client.encode('saslHandshake', { mechanism: 'PLAIN' }, 1).bytes)
    this.#bytes.push(client.encode('saslAuthenticate', { authBytes: token }, 2).bytes)
  }

  #add(): void {
    const random = this.#random
    const request = randomRequest(random, this.#topicIds)
    const { bytes, correlationId } = this.#client.encode(
      request.api,
      request.request,
      request.apiVersion,
    )
    if (this.#isDamaged && random.below(3) === 0) {
      this.#bytes.push(mutateRequest(bytes, random))
      return
    }
    this.#bytes.push(bytes)
    this.#good.push({ ...request, correlationId })
  }

  /** In one piece, in a few, byte by byte or slowly. */
  async #sendAll(bytes: Buffer, isDropped: boolean): Promise<void> {
    const random = this.#random
    const sent = isDropped ? bytes.subarray(0, random.below(bytes.length)) : bytes
    const way = random.below(6)
    if (way > 2) {
      this.#client.send(sent)
      return
    }
    const isSlow = way === 0
    const size = way === 1 && sent.length < 300 ? 1 : 1 + random.below(Math.max(1, sent.length))
    if (random.below(4) === 0) this.#client.pause()
    for (let from = 0; from < sent.length; from += size) {
      this.#client.send(sent.subarray(from, from + size))
      await (isSlow ? delay(random.below(4)) : setImmediate())
    }
    this.#client.resume()
  }

  async #expectEnd(correlationId: number): Promise<KafkaSessionEnd> {
    const { answers } = this.#client
    const isAnswered = (): boolean => answers.at(-1)?.readInt32BE(0) === correlationId
    if (this.#mayWait()) {
      await delay(20)
      return isAnswered() ? 'answered' : 'waiting'
    }
    await waitFor(
      'the broker answers or hangs up',
      () => isAnswered() || this.#client.isClosed,
      answerMsMax,
    )
    return isAnswered() ? 'answered' : 'refused'
  }

  /** Cuts what was sent by its sizes alone: does it end inside a request, or is there one that waits? */
  #mayWait(): boolean {
    const bytes = Buffer.concat(this.#bytes)
    let at = 0
    while (at < bytes.length) {
      if (bytes.length - at < 4) return true
      const size = bytes.readInt32BE(at)
      if (size < 0) return false
      if (at + 4 + size > bytes.length) return true
      if (size >= 2 && waitingKeys.has(bytes.readInt16BE(at + 4)) && this.#isDamaged) return true
      if (size >= 2 && bytes.readInt16BE(at + 4) !== fetchKey) {
        if (waitingKeys.has(bytes.readInt16BE(at + 4))) return true
      }
      at += 4 + size
    }
    return false
  }

  /** Answers to good requests are of their kind, to the last byte. */
  #checkAnswers(): void {
    for (const answer of this.#client.answers) {
      const id = answer.length >= 4 ? answer.readInt32BE(0) : -1
      const sent = this.#good.find(({ correlationId }) => correlationId === id)
      if (sent === undefined) continue
      try {
        readAnswer(answer, sent)
      } catch (error) {
        const what = `${sent.api} version ${sent.apiVersion}: ${answer.toString('hex')}`
        throw new Error(`an answer that cannot be read, to ${what}`, { cause: error })
      }
    }
  }
}

function readAnswer(answer: Buffer, { api, apiVersion }: Sent): void {
  const reader = new WireReader()
  reader.reset(answer)
  readResponseHeader(reader, api, apiVersion)
  readResponse(api, reader, apiVersion)
  reader.expectEnd()
}

const names = { clientSoftwareName: 'fuzz', clientSoftwareVersion: '1' }
