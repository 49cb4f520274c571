import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { networkLimits } from '../limits/network.ts'
import { type ByteSource, takeOver, takingOver } from './byte-source.ts'
import { openListener } from './listener.ts'

interface Connected extends AsyncDisposable {
  readonly client: Socket
  readonly socket: Socket
  readonly source: ByteSource
}

async function connectBoth(): Promise<Connected> {
  const accepted = Promise.withResolvers<{ socket: Socket; source: ByteSource }>()
  const listener = await openListener({
    service: 'amqp',
    host: '127.0.0.1',
    port: 0,
    onSocket: takingOver((socket, source) => accepted.resolve({ socket, source })),
    onAcceptProblem: (reason) => assert.fail(reason),
  })
  const client = connect(listener.address.port, listener.address.host)
  const { socket, source } = await accepted.promise
  return {
    client,
    socket,
    source,
    async [Symbol.asyncDispose](): Promise<void> {
      client.destroy()
      socket.destroy()
      listener.close()
    },
  }
}

/** Resolves when `size` bytes have come. */
function collect(source: ByteSource, size: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const parts: Buffer[] = []
    let received = 0
    source.onBytes = (bytes) => {
      parts.push(Buffer.from(bytes))
      received += bytes.length
      if (received >= size) resolve(Buffer.concat(parts))
    }
  })
}

test('bytes of two connections come to each of them, in order', async () => {
  await using one = await connectBoth()
  await using other = await connectBoth()
  const sent = Buffer.alloc(networkLimits.socketReadSize * 3).map((_, index) => index % 251)
  const all = Promise.all([collect(one.source, sent.length), collect(other.source, 5)])
  one.client.write(sent)
  other.client.write('hello')
  const [received, greeting] = await all
  assert.deepEqual(received, Buffer.from(sent))
  assert.equal(String(greeting), 'hello')
})

test('a paused connection gets nothing until it is resumed', async () => {
  await using one = await connectBoth()
  await using other = await connectBoth()
  one.socket.pause()
  let isEarly = true
  const received = collect(one.source, 5).then((bytes) => ({ bytes, isEarly }))
  one.client.write('hello')
  // Another connection's bytes that were sent later show that there was time to read.
  const later = collect(other.source, 5)
  other.client.write('later')
  await later
  isEarly = false
  one.socket.resume()
  assert.deepEqual(await received, { bytes: Buffer.from('hello'), isEarly: false })
})

test('a connection that sends faster than it is read leaves each turn to others after a while', async () => {
  await using one = await connectBoth()
  one.socket.pause()
  const size = networkLimits.socketReadSize * 32
  const sent = new Promise((resolve) => one.client.write(Buffer.alloc(size), resolve))
  let received = 0
  let inThisTurn = 0
  let most = 0
  const all = new Promise<void>((resolve) => {
    one.source.onBytes = (bytes) => {
      if (inThisTurn === 0) setImmediate(() => (inThisTurn = 0))
      inThisTurn += bytes.length
      most = Math.max(most, inThisTurn)
      received += bytes.length
      if (received === size) resolve()
    }
  })
  one.socket.resume()
  await Promise.all([sent, all])
  const mostAllowed = networkLimits.socketReadSize * networkLimits.socketReadsInRowMax
  assert.ok(most <= mostAllowed, `${most} bytes in one turn`)
})

test('a connection ends when its peer ends it', async () => {
  await using one = await connectBoth()
  const ended = once(one.socket, 'end')
  const closed = once(one.socket, 'close')
  one.client.end()
  await Promise.all([ended, closed])
})

test('a socket without a handle of its own is read as any stream', async () => {
  const stream = new PassThrough()
  const { source } = takeOver(stream as unknown as Socket)
  const received = collect(source, 5)
  stream.write('hello')
  assert.equal(String(await received), 'hello')
})
