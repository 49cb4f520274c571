// Clients that come in at another node than the one that serves their virtual host.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { ClusterInProcess } from '../../../../test/support/cluster-in-process.ts'
import { MovedClock } from '../../../../test/support/moved-clock.ts'
import { RawClient } from '../../../../test/support/raw-client.ts'
import { encodeFrame, encodeMethod } from '../../../../test/support/raw-codec.ts'
import { waitFor } from '../../../../test/support/wait-for.ts'
import type { Client } from '../../../broker/client/client.ts'
import { amqpLimits } from '../../../limits/amqp.ts'
import { edgeLimits, linkLimits } from '../../../limits/link.ts'

let clock: MovedClock
let cluster: ClusterInProcess
beforeEach(async () => {
  clock = new MovedClock()
  cluster = await ClusterInProcess.start(clock)
})
afterEach(async () => {
  const { bugs } = cluster.at(1).broker
  await cluster[Symbol.asyncDispose]()
  assert.deepEqual(bugs, [])
})

function clientsAt(node: number): Client[] {
  return [...cluster.at(node).broker.clients]
}

/** The next frame is connection.close, whatever came before. */
async function closeOf(client: RawClient): Promise<readonly [code: number, text: string]> {
  const { code, text } = await client.expectClose(0)
  return [code, text]
}

describe('a client whose virtual host another node serves', () => {
  it('works there, and nothing tells it so', async () => {
    await using client = await RawClient.openChannel(cluster.port)
    await client.call(1, 'queue.declare', { queue: 'q' })
    client.publish(1, { routingKey: 'q' }, 'hello')
    await client.call(1, 'basic.consume', { queue: 'q', noAck: true })
    const message = await client.expectMessage(1, 'basic.deliver')
    assert.equal(String(message.body), 'hello')
    assert.notEqual(cluster.at(1).broker.broker.getVHost('/').findQueue('q'), undefined)
    await client.close()
    await client.ended()
    await waitFor(
      'nobody is left',
      () => clientsAt(1).length === 0 && cluster.at(0).passedOnCount === 0,
    )
  })

  it('is listed there once as who it is, and here not at all', async () => {
    await using client = await RawClient.open(cluster.port, {
      heartbeat: 7,
      channelMax: 5,
      frameMax: 8192,
      clientProperties: { product: ['S', 'a product'] },
    })
    assert.deepEqual(clientsAt(0), [])
    const [listed, ...others] = clientsAt(1)
    assert(listed !== undefined && others.length === 0)
    assert.deepEqual(listed.transport, {
      peer: { host: '127.0.0.1', port: client.localPort },
      local: { host: '127.0.0.1', port: cluster.port },
      isTls: false,
    })
    const { user, tags, address, protocol } = listed.principal ?? {}
    assert.deepEqual(
      [user, tags, address, protocol],
      ['guest', ['administrator'], '127.0.0.1', 'AMQP 0-9-1'],
    )
    assert.deepEqual(listed.limits, { channelMax: 5, frameSizeMax: 8192, heartbeatSeconds: 7 })
    assert.deepEqual(listed.properties.get('product'), { type: 'longstr', value: 'a product' })
    assert.deepEqual([listed.mechanism, listed.vhost, listed.state], ['PLAIN', '/', 'running'])
    assert.equal(listed.tls, undefined)
    assert.equal(listed.receivedSize, client.sentBytes)
    assert.equal(listed.sentSize, client.receivedBytes)
  })

  it('gets large messages whole, in both directions', async () => {
    await using client = await RawClient.openChannel(cluster.port)
    await client.call(1, 'queue.declare', { queue: 'large' })
    const body = randomBytes(5_000_000)
    client.publish(1, { routingKey: 'large' }, body)
    await client.call(1, 'basic.consume', { queue: 'large', noAck: true })
    assert((await client.expectMessage(1, 'basic.deliver')).body.equals(body))
  })

  it('may not read for a while: others go on, and little waits here', async () => {
    await using client = await RawClient.openChannel(cluster.port)
    await client.call(1, 'queue.declare', { queue: 'many' })
    const body = randomBytes(100_000)
    for (let count = 0; count < 100; count++) client.publish(1, { routingKey: 'many' }, body)
    await waitFor('all are there', () => messagesIn('many') === 100)
    client.pauseReading()
    client.send(1, 'basic.consume', { queue: 'many', noAck: true })
    const { memory } = cluster.at(0).broker
    await waitFor('some wait here', () => memory.sizes.output > 0)
    assert(memory.sizes.output <= 4 * linkLimits.relayReadSize)
    await using other = await RawClient.openChannel(cluster.port)
    await other.call(1, 'queue.declare', { queue: 'other' })
    client.resumeReading()
    await client.expect(1, 'basic.consume-ok')
    for (let count = 0; count < 100; count++) {
      assert((await client.expectMessage(1, 'basic.deliver')).body.equals(body))
    }
    await waitFor('nothing waits', () => memory.sizes.output === 0)
  })

  it('takes its exclusive queues and unacked messages with it when it is gone', async () => {
    await using client = await RawClient.openChannel(cluster.port)
    await client.call(1, 'queue.declare', { queue: 'mine', exclusive: true })
    await client.call(1, 'queue.declare', { queue: 'shared' })
    client.publish(1, { routingKey: 'shared' }, 'back')
    await client.call(1, 'basic.consume', { queue: 'shared' })
    await client.expectMessage(1, 'basic.deliver')
    await client[Symbol.asyncDispose]()
    await waitFor('it is gone', () => clientsAt(1).length === 0)
    const vhost = cluster.at(1).broker.broker.getVHost('/')
    assert.equal(vhost.findQueue('mine'), undefined)
    assert.equal(messagesIn('shared'), 1)
  })

  it('may say more than connection.open at once', async () => {
    await using client = await RawClient.authenticate(cluster.port)
    await client.expect(0, 'connection.tune')
    client.together(() => {
      client.send(0, 'connection.tune-ok', { channelMax: 10, frameMax: 131_072, heartbeat: 0 })
      client.send(0, 'connection.open', { virtualHost: '/' })
      client.send(1, 'channel.open')
      client.publish(1, { exchange: 'amq.direct' }, randomBytes(100_000))
      client.send(1, 'queue.declare', { queue: 'early' })
    })
    await client.expect(0, 'connection.open-ok')
    await client.expect(1, 'channel.open-ok')
    await client.expect(1, 'queue.declare-ok')
  })

  it('is told by the owner that it has to go', async () => {
    await using client = await RawClient.open(cluster.port)
    const ended = cluster.at(1).broker.server.endClients('the cell moves')
    assert.deepEqual(await closeOf(client), [320, 'CONNECTION_FORCED - the cell moves'])
    await client.ended()
    await ended
  })

  it('is told by this node when the owner is gone', async () => {
    await using client = await RawClient.open(cluster.port)
    cluster.at(1).cutLinks()
    const text = 'CONNECTION_FORCED - node-1, the node that served its virtual host, is gone'
    assert.deepEqual(await closeOf(client), [320, text])
    await client.ended()
  })

  it('is told nothing when it just hangs up, as by a single broker', async () => {
    await using client = await RawClient.open(cluster.port)
    client.endWriting()
    assert.equal((await client.next()).kind, 'closed')
    await waitFor('nobody is left', () => clientsAt(1).length === 0)
  })

  it('is told nothing in the middle of a frame when the owner is gone', async () => {
    const beginning = encodeFrame(3, 1, Buffer.alloc(1000)).subarray(0, 500)
    cluster.at(1).takeLinks((link) => {
      const socket = link.accept(1)
      socket?.write(encodeFrame(1, 0, encodeMethod('connection.open-ok', {})))
      socket?.end(beginning)
    })
    await using client = await RawClient.open(cluster.port)
    assert.equal((await client.next()).kind, 'closed')
    const open = client.receivedBytes
    assert(open > 500)
  })

  it('is told by this node when it stops, at the end of what has begun', async () => {
    let goOn = (): void => undefined
    cluster.at(1).takeLinks((link) => {
      const socket = link.accept(1)
      socket?.on('error', () => undefined)
      const body = encodeFrame(3, 1, Buffer.from('whole'))
      socket?.write(encodeFrame(1, 0, encodeMethod('connection.open-ok', {})))
      socket?.write(body.subarray(0, 3))
      goOn = () => socket?.write(Buffer.concat([body.subarray(3), body]))
    })
    await using client = await RawClient.open(cluster.port)
    await waitFor('the beginning of a frame is there', () => client.unparsedBytes === 3)
    const stopped = cluster.at(0).stopEdge()
    goOn()
    assert.deepEqual(await client.next(), {
      kind: 'body',
      channel: 1,
      payload: Buffer.from('whole'),
    })
    const text = "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'"
    assert.deepEqual(await closeOf(client), [320, text])
    await client[Symbol.asyncDispose]()
    await stopped
  })

  it('is told by this node when the cell has another owner and the old one says nothing', async () => {
    await using client = await RawClient.open(cluster.port)
    cluster.say(1, 0, 2)
    await waitFor('it is time', () => {
      clock.advance(edgeLimits.movedMsMax / 10)
      return clientsAt(1).length === 0
    })
    const text = 'CONNECTION_FORCED - its virtual host has moved to another node'
    assert.deepEqual(await closeOf(client), [320, text])
  })

  it('stays when other cells move', async () => {
    await using client = await RawClient.openChannel(cluster.port)
    cluster.say(0, 1, 2)
    clock.advance(2 * edgeLimits.movedMsMax)
    await client.call(1, 'queue.declare', { queue: 'still' })
  })
})

function messagesIn(queue: string): number | undefined {
  return cluster.at(1).broker.broker.getVHost('/').findQueue(queue)?.messageCount
}

describe('a client whose virtual host this node serves', () => {
  it('is served here, and nothing is passed on', async () => {
    cluster.known.vhosts.set('/', 0)
    await using client = await RawClient.openChannel(cluster.port)
    await client.call(1, 'queue.declare', { queue: 'q' })
    assert.equal(cluster.at(0).passedOnCount, 0)
    const [listed] = clientsAt(0)
    assert.equal(listed?.transport.peer.port, client.localPort)
    assert.equal(listed?.receivedSize, client.sentBytes)
    assert.equal(listed?.sentSize, client.receivedBytes)
  })
})

describe('a client for whose virtual host there is no way', () => {
  it('is refused with 530 when the cluster has no such virtual host', async () => {
    await using client = await RawClient.tune(cluster.port, { vhost: 'nowhere' })
    assert.deepEqual(await closeOf(client), [530, 'NOT_ALLOWED - vhost nowhere not found'])
    assert.equal(cluster.known.refreshCount, 1)
  })

  it('gets to one that has just been made', async () => {
    const { broker } = cluster.at(1).broker
    cluster.known.onRefresh = () => {
      broker.vhosts.add('new')
      cluster.known.vhosts.set('new', 1)
    }
    await using client = await RawClient.tune(cluster.port, { vhost: 'new' })
    await client.expect(0, 'connection.open-ok')
  })

  it('waits for an owner, whoever that will be', async () => {
    cluster.say(1, undefined, 1)
    await using client = await RawClient.tune(cluster.port)
    await waitFor('it is looked for', () => cluster.known.refreshCount > 0)
    cluster.own(0, 1, 2)
    await client.expect(0, 'connection.open-ok')
    assert.equal(clientsAt(0).length, 1)
  })

  it('tries the next one when who was asked is not the owner', async () => {
    cluster.at(1).served.clear()
    await using client = await RawClient.tune(cluster.port)
    await waitFor('it is looked for', () => cluster.known.refreshCount > 0)
    cluster.own(2, 1, 2)
    await client.expect(0, 'connection.open-ok')
    assert.equal(clientsAt(2).length, 1)
  })

  it('does not wait for an owner that stands still once there is another one', async () => {
    let isAsked = false
    cluster.at(1).takeLinks(() => (isAsked = true))
    await using client = await RawClient.tune(cluster.port)
    await waitFor('it is asked and says nothing', () => isAsked)
    cluster.own(2, 1, 2)
    await waitFor('the next one serves it', () => {
      clock.advance(edgeLimits.ownerLookMs)
      return clientsAt(2).length === 1
    })
    await client.expect(0, 'connection.open-ok')
  })

  it('gets heartbeats while it waits', async () => {
    cluster.say(1, undefined, 1)
    await using client = await RawClient.tune(cluster.port, { heartbeat: 2 })
    await waitFor('it is looked for', () => cluster.known.refreshCount > 0)
    clock.advance(3100)
    assert.equal((await client.next()).kind, 'heartbeat')
    cluster.own(1, 1, 2)
    await client.expect(0, 'connection.open-ok')
  })

  it('gets none where the answer comes before it gives up', async () => {
    cluster.say(1, undefined, 1)
    await using client = await RawClient.tune(cluster.port, { heartbeat: 2 })
    await waitFor('it is looked for', () => cluster.known.refreshCount > 0)
    clock.advance(2500)
    cluster.own(1, 1, 2)
    assert.equal((await client.next()).kind, 'method')
  })

  it('is refused with 541 when nobody has come to serve it', async () => {
    cluster.say(1, undefined, 1)
    await using client = await RawClient.tune(cluster.port)
    await waitFor('it is looked for', () => cluster.known.refreshCount > 0)
    const close = closeOf(client)
    let isClosed = false
    void close.then(() => (isClosed = true))
    let waitedMs = 0
    await waitFor('it is refused', () => {
      clock.advance(edgeLimits.ownerLookMs)
      waitedMs += isClosed ? 0 : edgeLimits.ownerLookMs
      return isClosed
    })
    const text = "access to vhost '/' refused for user 'guest': vhost '/' is down"
    assert.deepEqual(await close, [541, `INTERNAL_ERROR - ${text}`])
    assert(waitedMs >= edgeLimits.ownerMsMax)
  })

  it('is refused at once when its cell is down', async () => {
    cluster.say(1, undefined, 1, true)
    await using client = await RawClient.tune(cluster.port)
    const text = "access to vhost '/' refused for user 'guest': vhost '/' is down"
    assert.deepEqual(await closeOf(client), [541, `INTERNAL_ERROR - ${text}`])
    await client.ended()
  })

  it('is refused when the owner has no memory for it', async () => {
    cluster.at(1).broker.broker.admission.isOpen = false
    await using client = await RawClient.tune(cluster.port)
    assert.deepEqual(await closeOf(client), [506, 'RESOURCE_ERROR - memory is nearly used up'])
  })

  it('may give up while it waits', async () => {
    cluster.say(1, undefined, 1)
    const client = await RawClient.tune(cluster.port)
    await waitFor('it is looked for', () => cluster.known.refreshCount > 0)
    await client[Symbol.asyncDispose]()
    cluster.own(1, 1, 2)
    await waitFor('nobody is left', () => clientsAt(1).length === 0)
  })
})

describe('a client that never opens a virtual host', () => {
  it('is ended after the time of a handshake', async () => {
    const client = await RawClient.connect(cluster.port)
    await waitFor('it is there', () => clock.timerCount > 0)
    clock.advance(amqpLimits.handshakeMsMax)
    await client.ended()
  })
})
