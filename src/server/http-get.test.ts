import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { waitFor } from '../../test/support/wait-for.ts'
import { systemClock } from '../lib/clock.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { httpGet, type HttpGetLimits } from './http-get.ts'

class Other implements AsyncDisposable {
  readonly server: Server

  private constructor(answer: RequestListener) {
    this.server = createServer(answer)
  }

  static async start(answer: RequestListener): Promise<Other> {
    const other = new Other(answer)
    other.server.listen(0, '127.0.0.1')
    await once(other.server, 'listening')
    return other
  }

  get(limits: Partial<HttpGetLimits> = {}): Promise<string> {
    const { port } = this.server.address() as AddressInfo
    const url = new URL(`http://127.0.0.1:${port}/keys?a=1`)
    return httpGet(url, { clock: systemClock, msMax: 10_000, sizeMax: 100, ...limits })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections()
    this.server.close()
    await once(this.server, 'close')
  }
}

describe('httpGet', () => {
  it('resolves with the body', async () => {
    const asked: unknown[] = []
    await using other = await Other.start((request, response) => {
      asked.push(request.url, request.headers.accept)
      response.write('é'.repeat(25))
      response.end('é'.repeat(25))
    })
    assert.equal(await other.get(), 'é'.repeat(50))
    assert.deepEqual(asked, ['/keys?a=1', 'application/json'])
  })

  it('takes nothing but status 200', async () => {
    for (const status of [204, 302, 404, 500]) {
      await using other = await Other.start((_request, response) => {
        response.writeHead(status, { location: '/other' }).end('x')
      })
      await assert.rejects(other.get(), { message: `the answer has status ${status}` })
    }
  })

  it('takes no answer that changes the protocol', async () => {
    await using other = await Other.start(() => undefined)
    other.server.on('upgrade', () => assert.fail('nobody asked for that'))
    other.server.on('connection', (socket) => {
      socket.on('error', () => undefined)
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n')
    })
    await assert.rejects(other.get(), { message: 'the connection was closed without an answer' })
  })

  it('takes no more than it may', async () => {
    await using other = await Other.start((_request, response) => {
      const more = (): void => void (response.write('x'.repeat(60)) && setImmediate(more))
      response.on('error', () => undefined)
      more()
    })
    await assert.rejects(other.get(), /more than 100 bytes/)
  })

  it('waits no longer than it may, for the whole answer', async () => {
    for (const answer of ['', '{']) {
      const clock = new VirtualClock()
      const begun = Promise.withResolvers<void>()
      await using other = await Other.start((_request, response) => {
        if (answer !== '') response.write(answer)
        begun.resolve()
      })
      const got = other.get({ clock, msMax: 4000 })
      const failed = assert.rejects(got)
      await begun.promise
      assert.equal(clock.timerCount, 1)
      clock.advance(4000)
      await failed
    }
  })

  it('stops its timer when it is done', async () => {
    const clock = new VirtualClock()
    await using other = await Other.start((_request, response) => response.end('x'))
    await other.get({ clock })
    await waitFor('the timer is gone', () => clock.timerCount === 0)
  })

  it('fails when nobody is there', async () => {
    const other = await Other.start(() => undefined)
    const { port } = other.server.address() as AddressInfo
    await other[Symbol.asyncDispose]()
    const limits = { clock: systemClock, msMax: 10_000, sizeMax: 100 }
    await assert.rejects(httpGet(new URL(`http://127.0.0.1:${port}/`), limits), /ECONNREFUSED/)
  })
})
