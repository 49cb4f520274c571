// What the steps of STOMP need of a client library, and the steps.

import { prefix, range, step, until } from './report.ts'

export type Headers = Readonly<Record<string, string>>

/** One MESSAGE. */
export interface StompMessage {
  readonly headers: Headers
  readonly body: Buffer
}

/** How a client connects, if not as guest. */
export interface StompOptions {
  readonly passcode?: string
  readonly heartBeatMs?: number
}

/** A connected client of some library that keeps what it receives. */
export interface StompPeer {
  readonly version: string
  readonly messages: readonly StompMessage[]
  /** Titles of ERROR frames. */
  readonly errors: readonly string[]
  readonly isClosed: boolean
  /** Until the receipt is there; in a transaction there is none. */
  send(headers: Headers, body: string | Buffer): Promise<void>
  /** Until the receipt is there. */
  subscribe(headers: Headers): Promise<void>
  /** Without a receipt, as an error may answer it. */
  trySubscribe(headers: Headers): void
  unsubscribe(headers: Headers): Promise<void>
  ack(message: StompMessage): Promise<void>
  nack(message: StompMessage): Promise<void>
  begin(transaction: string): Promise<void>
  commit(transaction: string): Promise<void>
  abort(transaction: string): Promise<void>
  end(): Promise<void>
}

type Connect = (options: StompOptions) => Promise<StompPeer>

const queue = (name: string): string => `/queue/${prefix}-${name}`
const textOf = ({ body }: StompMessage): string => body.toString()

/** The steps with one library. */
export class StompSteps {
  readonly #connect: Connect
  readonly #cannot: readonly string[]

  /** Steps in `cannot` are left out. */
  constructor(connect: Connect, cannot: readonly string[] = []) {
    this.#connect = connect
    this.#cannot = cannot
  }

  async run(): Promise<void> {
    await this.#step('connect', async (peer) => ({ version: peer.version }))
    await this.#sendAndReceive()
    await this.#acks()
    await this.#messages()
    await this.#destinations()
    await this.#transactions()
    await this.#sessions()
  }

  /** With a client that is ended afterwards. */
  async #step(
    name: string,
    run: (peer: StompPeer) => Promise<object>,
    options: StompOptions = {},
  ): Promise<void> {
    if (this.#cannot.includes(name)) return
    await step(name, async () => {
      const peer = await this.#connect(options)
      try {
        return await run(peer)
      } finally {
        if (!peer.isClosed) await peer.end()
      }
    })
  }

  /** What waits in a queue, up to a message that comes last. */
  async #drain(destination: string): Promise<string[]> {
    const peer = await this.#connect({})
    await peer.send({ destination }, 'end')
    await subscribe(peer, destination)
    await until('the end', () => peer.messages.some((message) => textOf(message) === 'end'))
    await peer.end()
    return peer.messages.slice(0, -1).map(textOf)
  }

  async #sendAndReceive(): Promise<void> {
    await this.#step('send with receipt', async (peer) => {
      let receipts = 0
      for (const n of range(100)) {
        await peer.send({ destination: queue('main') }, `${n}`)
        receipts += 1
      }
      return { receipts }
    })
    await this.#step('subscribe and receive', async (peer) => {
      await subscribe(peer, queue('main'))
      const bodies = await take(peer, 100)
      return { received: bodies.length, inOrder: bodies.every((body, n) => body === `${n}`) }
    })
  }

  async #acks(): Promise<void> {
    for (const [name, ack] of [
      ['ack of one', 'client-individual'],
      ['cumulative ack', 'client'],
    ] as const)
      await this.#step(name, async (peer) => {
        const destination = queue(ack)
        for (const body of ['1', '2', '3']) await peer.send({ destination }, body)
        await subscribe(peer, destination, { ack })
        await take(peer, 3)
        await peer.ack(peer.messages[1] as StompMessage)
        await peer.end()
        return { left: await this.#drain(destination) }
      })
    await this.#step('nack and requeue', async (peer) => {
      await peer.send({ destination: queue('nack') }, 'x')
      await subscribe(peer, queue('nack'), { ack: 'client-individual' })
      await take(peer, 1)
      await peer.nack(peer.messages[0] as StompMessage)
      await take(peer, 2)
      const [first, again] = peer.messages as [StompMessage, StompMessage]
      await peer.ack(again)
      return { first: first.headers['redelivered'], again: again.headers['redelivered'] }
    })
    await this.#step('prefetch', async (peer) => {
      const destination = queue('few')
      for (const body of ['1', '2', '3']) await peer.send({ destination }, body)
      await subscribe(peer, destination, { ack: 'client-individual', 'prefetch-count': '2' })
      await take(peer, 2)
      // The broker is done with all that came before.
      await peer.send({ destination: queue('few-other') }, 'x')
      const unacked = peer.messages.length
      for (const message of peer.messages.slice(0, 2)) await peer.ack(message)
      const bodies = await take(peer, 3)
      await peer.ack(peer.messages[2] as StompMessage)
      await this.#drain(queue('few-other'))
      return { unacked, next: bodies[2] }
    })
  }

  async #messages(): Promise<void> {
    await this.#step('escaped headers', async (peer) => {
      const found = await passThrough(peer, 'x', { odd: 'a:b\nc\\d ä' })
      return { value: found.headers['odd'] }
    })
    await this.#step('properties', async (peer) => {
      const { headers } = await passThrough(peer, 'x', {
        'content-type': 'text/plain',
        'correlation-id': 'c-1',
        priority: '3',
        persistent: 'true',
      })
      return {
        contentType: headers['content-type'],
        correlationId: headers['correlation-id'],
        priority: headers['priority'],
        persistent: headers['persistent'],
      }
    })
    await this.#step('binary body', async (peer) => {
      const body = Buffer.from(range(256))
      return { same: (await passThrough(peer, body)).body.equals(body) }
    })
    await this.#step('large body', async (peer) => {
      const body = Buffer.alloc(921_600, 'large body ')
      const found = (await passThrough(peer, body)).body
      return { bytes: found.length, same: found.equals(body) }
    })
  }

  async #destinations(): Promise<void> {
    await this.#step('topic destination', async (peer) => {
      await subscribe(peer, `/topic/${prefix}.order.*`)
      for (const key of ['order.created', 'user.created', 'order.paid'])
        await peer.send({ destination: `/topic/${prefix}.${key}` }, key)
      return { received: await take(peer, 2) }
    })
    await this.#step('exchange destination', async (peer) => {
      const destination = `/exchange/amq.direct/${prefix}`
      await subscribe(peer, destination)
      await peer.send({ destination }, 'to all')
      return { received: await take(peer, 1) }
    })
    await this.#step('missing queue', async (peer) => {
      peer.trySubscribe({ destination: `/amq/queue/${prefix}-nowhere`, id: '1' })
      await until('an error', () => peer.errors.length > 0)
      return { message: peer.errors[0] }
    })
  }

  async #transactions(): Promise<void> {
    await this.#step('committed transaction', async (peer) => {
      const destination = queue('tx')
      await subscribe(peer, destination)
      await peer.begin('t')
      for (const body of ['1', '2']) await peer.send({ destination, transaction: 't' }, body)
      await peer.send({ destination: queue('tx-other') }, 'x')
      const before = peer.messages.length
      await peer.commit('t')
      const received = await take(peer, 2)
      await this.#drain(queue('tx-other'))
      return { before, received }
    })
    await this.#step('aborted transaction', async (peer) => {
      const destination = queue('tx')
      await subscribe(peer, destination)
      await peer.begin('t')
      await peer.send({ destination, transaction: 't' }, 'undone')
      await peer.abort('t')
      await peer.send({ destination }, 'end')
      return { received: await take(peer, 1) }
    })
  }

  async #sessions(): Promise<void> {
    await this.#step('durable subscription', async (peer) => {
      const destination = `/topic/${prefix}.durable`
      const lasting = { id: `${prefix}-durable`, durable: 'true', 'auto-delete': 'false' }
      const before = await this.#connect({})
      await before.subscribe({ destination, ack: 'auto', ...lasting })
      await before.end()
      for (const body of ['1', '2', '3']) await peer.send({ destination, persistent: 'true' }, body)
      await peer.subscribe({ destination, ack: 'auto', ...lasting })
      const received = await take(peer, 3)
      await peer.unsubscribe(lasting)
      return { received }
    })
    await this.#step('unsubscribe', async (peer) => {
      const destination = queue('left')
      await subscribe(peer, destination)
      await peer.send({ destination }, 'before')
      await take(peer, 1)
      await peer.unsubscribe({ id: '1' })
      await peer.send({ destination }, 'after')
      const received = peer.messages.map(textOf)
      await this.#drain(destination)
      return { received }
    })
    await this.#step('reply to a temporary queue', async (peer) => {
      const asking = await this.#connect({})
      await subscribe(peer, queue('questions'))
      const question = { destination: queue('questions'), 'reply-to': '/temp-queue/answers' }
      await asking.send(question, 'ping')
      await take(peer, 1)
      const destination = peer.messages[0]?.headers['reply-to'] ?? ''
      await peer.send({ destination }, 'pong')
      const [reply] = await take(asking, 1)
      await asking.end()
      return { reply }
    })
    await this.#step(
      'heart-beats',
      async (peer) => {
        // A library that hears nothing for twice as long gives the connection up.
        await new Promise((resolve) => setTimeout(resolve, 3000))
        await passThrough(peer, 'x')
        return { alive: !peer.isClosed }
      },
      { heartBeatMs: 1000 },
    )
    const wrong = { passcode: 'wrong' }
    await this.#step('refused login', async ({ errors }) => ({ message: errors[0] }), wrong)
  }
}

async function subscribe(
  peer: StompPeer,
  destination: string,
  headers: Headers = {},
): Promise<void> {
  await peer.subscribe({ destination, id: '1', ack: 'auto', ...headers })
}

async function take(peer: StompPeer, count: number): Promise<string[]> {
  await until(`${count} messages`, () => peer.messages.length >= count)
  return peer.messages.slice(0, count).map(textOf)
}

/** A message that went through a queue. */
async function passThrough(
  peer: StompPeer,
  body: string | Buffer,
  headers: Headers = {},
): Promise<StompMessage> {
  const destination = queue('odd')
  await subscribe(peer, destination)
  await peer.send({ destination, ...headers }, body)
  await take(peer, 1)
  return peer.messages[0] as StompMessage
}
