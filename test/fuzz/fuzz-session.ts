// One fuzzed connection: a valid session made up from a seed, damaged at one or more points, and
// then closed. Throws when the broker's part in it was wrong: no answer, a code that does not belong
// there, malformed bytes.

import type { Random } from '../../src/lib/random.ts'
import { waitFor } from '../support/wait-for.ts'
import { FuzzClient } from './fuzz-client.ts'
import {
  channelCloseOkFrame,
  closeFrame,
  closeOkFrame,
  declareAll,
  type FuzzChannel,
  handshakeFrames,
  nextOperation,
  openFrame,
} from './fuzz-operation.ts'
import { mutate } from './mutate.ts'
import { judgeStream } from './sent-stream.ts'

/** What a broker may end a connection with whose peer talks nonsense; 403 and 530 are meaningful. */
const hardCodes = new Set([403, 501, 502, 503, 504, 505, 530, 540])
const answerMsMax = 5000
const frameMax = { low: 4096, high: 131_072 }
const protocolHeader = Buffer.from('AMQP\x00\x00\x09\x01', 'latin1')
const otherHeaders = [
  'GET / HTTP/1.1\r\n\r\n',
  'AMQP\x03\x01\x00\x00',
  'AMQP\x00\x00\x08\x00',
  '\x16\x03\x01',
].map((text) => Buffer.from(text, 'latin1'))

/** How a session ended, for statistics. */
export type SessionEnd = 'close-ok' | 'closed' | 'dropped' | `close ${number}`

export interface SessionOptions {
  readonly port: number
  readonly random: Random
  /** Called when the client has gone quiet with its connection open. */
  readonly onQuiet: () => void
}

export async function runFuzzSession(options: SessionOptions): Promise<SessionEnd> {
  const client = await FuzzClient.connect(options.port)
  try {
    const session = new FuzzSession(client, options)
    await session.run()
    return session.end
  } finally {
    client.destroy()
  }
}

class FuzzSession {
  readonly #client: FuzzClient
  readonly #random: Random
  readonly #onQuiet: () => void
  readonly #channels: FuzzChannel[] = []
  readonly #isDamaged: boolean
  #handledMethods = 0
  #header = protocolHeader

  constructor(client: FuzzClient, { random, onQuiet }: SessionOptions) {
    this.#client = client
    this.#random = random
    this.#onQuiet = onQuiet
    this.#isDamaged = random.below(12) > 0
  }

  get end(): SessionEnd {
    const close = this.#client.find('connection.close')
    if (close !== undefined) return `close ${Number(close.args['replyCode'])}`
    if (this.#client.find('connection.close-ok') !== undefined) return 'close-ok'
    return this.#client.isHeaderRefused ? 'closed' : 'dropped'
  }

  async run(): Promise<void> {
    await this.#shakeHands()
    await this.#operate()
    if (!this.#isAbrupt()) await this.#close()
    this.#client.end()
    await waitFor('broker ends the socket', () => this.#client.isClosed, answerMsMax)
    this.#checkAnswers()
  }

  /** Some clients just go, in the middle of a frame or not. */
  #isAbrupt(): boolean {
    return this.#isDamaged && this.#random.below(6) === 0
  }

  async #shakeHands(): Promise<void> {
    const random = this.#random
    const isOther = this.#isDamaged && random.below(30) === 0
    if (isOther) this.#header = otherHeaders[random.below(otherHeaders.length)] ?? protocolHeader
    await this.#send([this.#header], false)
    const frames = handshakeFrames(random)
    for (const frame of frames) await this.#send([frame], this.#isDamaged && random.below(25) === 0)
    for (let number = 1; number <= 1 + random.below(3); number++) await this.#openChannel(number)
    await this.#send(declareAll(1), false)
  }

  async #openChannel(number: number): Promise<void> {
    this.#channels.push({ number, mode: 'plain', tags: [], unacked: [] })
    await this.#send([openFrame(number)], false)
  }

  async #operate(): Promise<void> {
    const random = this.#random
    const count = 3 + random.below(20)
    const damagedAt = this.#isDamaged ? random.below(count) : -1
    for (let index = 0; index < count && !this.#client.isClosed; index++) {
      const channel = this.#channels[random.below(this.#channels.length)] as FuzzChannel
      // Several operations at once now and then, so that some are in flight together.
      const frames = nextOperation(channel, random)
      while (random.below(3) === 0) frames.push(...nextOperation(channel, random))
      await this.#send(
        frames,
        index === damagedAt || (index > damagedAt && damagedAt >= 0 && random.below(8) === 0),
      )
    }
  }

  async #send(frames: readonly Buffer[], isDamaged: boolean): Promise<void> {
    const sent = isDamaged ? mutate(frames, this.#random) : frames
    await this.#client.sendInPieces(Buffer.concat(sent), this.#random)
    if (this.#random.below(3) === 0) return
    await this.#client.quiet()
    await this.#answer()
    if (!this.#client.isClosed) this.#onQuiet()
  }

  /** Takes note of deliveries and answers the broker's closes, as clients do. */
  async #answer(): Promise<void> {
    const { methods } = this.#client
    for (; this.#handledMethods < methods.length; this.#handledMethods++) {
      const { name, channel: number, args } = methods[this.#handledMethods]!
      const channel = this.#channels.find((each) => each.number === number)
      if (name === 'basic.deliver' || name === 'basic.get-ok') {
        channel?.unacked.push(args['deliveryTag'] as number)
      } else if (name === 'channel.close' && channel !== undefined) {
        Object.assign(channel, { mode: 'plain', unacked: [] })
        this.#client.send(channelCloseOkFrame(number))
        this.#client.send(openFrame(number))
      } else if (name === 'connection.close' && this.#random.below(4) > 0) {
        this.#client.send(closeOkFrame)
      }
    }
  }

  async #close(): Promise<void> {
    const client = this.#client
    client.send(closeFrame)
    await client.quiet()
    await this.#answer()
    if (client.isAnswered || !this.#mustAnswer()) return
    await waitFor('broker answers connection.close', () => client.isAnswered, answerMsMax)
  }

  #mustAnswer(): boolean {
    if (this.#header !== protocolHeader) return false
    const bytes = Buffer.concat(this.#client.sent).subarray(protocolHeader.length)
    const end = judgeStream(bytes, frameMax)
    // A refused login is not answered for a while, and what follows it is not looked at.
    if (this.#client.find('connection.open-ok') === undefined) return end === 'broken'
    return end === 'complete' || end === 'broken'
  }

  #checkAnswers(): void {
    const { malformed } = this.#client
    if (malformed !== undefined) throw malformed
    const close = this.#client.find('connection.close')
    if (close === undefined) return
    const { replyCode, replyText } = close.args
    if (!this.#isDamaged) throw new Error(`a valid session was closed: ${String(replyText)}`)
    if (!hardCodes.has(Number(replyCode))) {
      throw new Error(`a malformed session was closed with: ${String(replyText)}`)
    }
  }
}
