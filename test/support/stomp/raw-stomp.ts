// A small STOMP client on a bare socket, for what no library lets a test send, and to see frames as they come. It knows
// nothing of the broker's own codec, answers nothing by itself, and leaves escapes as they are.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { within } from '../wait-for.ts'

export interface RawStompFrame {
  readonly command: string
  /** First values, as they came. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

type Headers = Readonly<Record<string, string | number | boolean | undefined>>

export interface RawStompLogin {
  readonly login?: string
  readonly passcode?: string
  readonly host?: string
  readonly version?: string
  readonly heartBeat?: string
}

export class RawStomp implements AsyncDisposable {
  readonly socket: Socket
  /** Line feeds between frames. */
  beats = 0
  #bytes: Buffer = Buffer.alloc(0)
  readonly #frames: RawStompFrame[] = []
  #isClosed = false
  #onChange: () => void = () => undefined

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk])
      this.#parse()
      this.#onChange()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#isClosed = true
      this.#onChange()
    })
  }

  static async open(port: number): Promise<RawStomp> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new RawStomp(socket)
  }

  /** Opens a connection and logs in. */
  static async connect(port: number, login: RawStompLogin = {}): Promise<RawStomp> {
    const client = await RawStomp.open(port)
    client.login(login)
    await client.expect('CONNECTED')
    return client
  }

  login({
    login = 'guest',
    passcode = 'guest',
    host,
    version = '1.2',
    heartBeat,
  }: RawStompLogin): void {
    this.send('CONNECT', {
      'accept-version': version,
      login,
      passcode,
      host,
      'heart-beat': heartBeat,
    })
  }

  /** Sends a frame; headers that are undefined are left out. */
  send(command: string, headers: Headers = {}, body: string | Buffer = ''): void {
    const lines = Object.entries(headers)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}:${value}\n`)
    this.write(Buffer.concat([Buffer.from(`${command}\n${lines.join('')}\n`), Buffer.from(body)]))
    this.write('\0')
  }

  write(bytes: string | Buffer): void {
    this.socket.write(bytes)
  }

  /** The next frame; undefined when the connection has ended. */
  async next(): Promise<RawStompFrame | undefined> {
    await this.#until('a frame', () => this.#frames.length > 0 || this.#isClosed)
    return this.#frames.shift()
  }

  /** The next frame, which has to be of this kind. */
  async expect(command: string): Promise<RawStompFrame> {
    const frame = await this.next()
    if (frame?.command === command) return frame
    throw new Error(`expected ${command}, got ${JSON.stringify(frame ?? 'the end')}`)
  }

  /** Sends a frame with a receipt and waits for that; other frames are kept. */
  async done(command: string, headers: Headers = {}, body: string | Buffer = ''): Promise<void> {
    const receipt = `done-${Math.random()}`
    this.send(command, { ...headers, receipt }, body)
    const find = (): number =>
      this.#frames.findIndex(({ headers: its }) => its['receipt-id'] === receipt)
    const isRefused = (): boolean => this.#frames.some((frame) => frame.command === 'ERROR')
    await this.#until(
      `a receipt of ${command}`,
      () => find() !== -1 || isRefused() || this.#isClosed,
    )
    const index = find()
    if (index === -1) throw new Error(`no receipt of ${command}: ${JSON.stringify(this.#frames)}`)
    this.#frames.splice(index, 1)
  }

  /** Frames that have come and were not asked for. */
  get pending(): readonly RawStompFrame[] {
    return this.#frames
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Resolves when the other side has ended the connection. */
  async closed(): Promise<void> {
    await this.#until('the end of the connection', () => this.#isClosed)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy()
    await this.closed()
  }

  async #until(what: string, condition: () => boolean): Promise<void> {
    while (!condition()) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#onChange = resolve
      await within(what, promise)
    }
  }

  #parse(): void {
    while (true) {
      while (this.#bytes[0] === 10) {
        this.#bytes = this.#bytes.subarray(1)
        this.beats++
      }
      const frame = readFrame(this.#bytes)
      if (frame === undefined) return
      this.#bytes = this.#bytes.subarray(frame.size)
      this.#frames.push(frame)
    }
  }
}

function readFrame(bytes: Buffer): (RawStompFrame & { readonly size: number }) | undefined {
  const headEnd = bytes.indexOf('\n\n')
  if (headEnd === -1) return undefined
  const [command = '', ...lines] = bytes.toString('utf8', 0, headEnd).split('\n')
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers[line.slice(0, colon)] ??= line.slice(colon + 1)
  }
  const start = headEnd + 2
  const length = headers['content-length']
  const end = length === undefined ? bytes.indexOf(0, start) : start + Number(length)
  if (end === -1 || end >= bytes.length) return undefined
  if (bytes[end] !== 0) throw new Error('no NUL after a frame')
  return { command, headers, body: bytes.toString('utf8', start, end), size: end + 1 }
}
