// Clients that others wrote: stompit over TCP, and @stomp/stompjs as in a browser but over TCP. They decide by
// themselves what they escape, when they beat and how they ack.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Client, type IMessage, type StompConfig } from '@stomp/stompjs'
import { StompUnderTest } from '../../support/stomp/stomp-under-test.ts'
import { stompit, type StompitClient, type StompitMessage } from '../../support/stomp/stompit.ts'
import { TcpWebSocket } from '../../support/stomp/tcp-web-socket.ts'
import { waitFor, within } from '../../support/wait-for.ts'

let broker: StompUnderTest
before(async () => {
  broker = await StompUnderTest.start()
})
after(() => broker[Symbol.asyncDispose]())

function openStompit(headers: Record<string, string> = {}): Promise<StompitClient> {
  const { promise, resolve, reject } = Promise.withResolvers<StompitClient>()
  const connectHeaders = { host: '/', login: 'guest', passcode: 'guest', ...headers }
  stompit.connect({ host: '127.0.0.1', port: broker.port, connectHeaders }, (error, client) => {
    if (error === null) resolve(client)
    else reject(error)
  })
  return within('stompit connects', promise)
}

function bodyOf(message: StompitMessage): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  message.readString('utf-8', (error, body) => {
    if (error === null && body !== undefined) resolve(body)
    else reject(error)
  })
  return promise
}

function sendString(
  client: StompitClient,
  headers: Record<string, string>,
  body: string,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  client.sendString(headers, body, { onReceipt: resolve })
  return within('a receipt', promise)
}

describe('stompit', () => {
  test('sends, subscribes, acks and disconnects', async () => {
    const client = await openStompit({ 'heart-beat': '5000,5000' })
    await sendString(client, { destination: '/queue/stompit', note: 'a:b\nc\\d' }, 'grüße')
    const { promise, resolve, reject } = Promise.withResolvers<StompitMessage>()
    client.subscribe(
      { destination: '/queue/stompit', ack: 'client-individual' },
      (error, message) => {
        if (error === null) resolve(message)
        else reject(error)
      },
    )
    const message = await within('a message', promise)
    assert.equal(await bodyOf(message), 'grüße')
    assert.equal(message.headers['note'], 'a:b\nc\\d')
    const acked = Promise.withResolvers<void>()
    client.ack(message, {}, { onReceipt: acked.resolve })
    await within('the receipt of an ack', acked.promise)
    const ended = Promise.withResolvers<void>()
    client.disconnect(() => ended.resolve())
    await within('stompit disconnects', ended.promise)
    const channel = await broker.session.channel()
    await waitFor('it is acked', async () => {
      const { messageCount, consumerCount } = await channel.checkQueue('stompit')
      return messageCount === 0 && consumerCount === 0
    })
  })

  test('nacks: the message comes again', async () => {
    const client = await openStompit()
    await sendString(client, { destination: '/queue/stompit-nack' }, 'x')
    const seen: (string | undefined)[] = []
    client.subscribe(
      { destination: '/queue/stompit-nack', ack: 'client-individual' },
      (error, message) => {
        assert.equal(error, null)
        // It has no body to wait for.
        message.resume()
        seen.push(message.headers['redelivered'])
        if (seen.length === 1) client.nack(message)
        else client.ack(message)
      },
    )
    await waitFor('it comes again', () => seen.length === 2)
    assert.deepEqual(seen, ['false', 'true'])
    client.destroy()
  })

  test('begins, commits and aborts', async () => {
    const client = await openStompit()
    for (const [name, isCommitted] of [
      ['tx-yes', true],
      ['tx-no', false],
    ] as const) {
      const transaction = client.begin()
      transaction.send({ destination: `/queue/${name}` }).end('x')
      const { promise, resolve } = Promise.withResolvers<void>()
      if (isCommitted) transaction.commit({ onReceipt: resolve })
      else transaction.abort({ onReceipt: resolve })
      await within('its receipt', promise)
    }
    const channel = await broker.session.channel()
    assert.equal((await channel.checkQueue('tx-yes')).messageCount, 1)
    assert.equal((await channel.checkQueue('tx-no')).messageCount, 0)
    client.destroy()
  })
})

type StompjsOptions = Partial<
  Pick<StompConfig, 'heartbeatIncoming' | 'heartbeatOutgoing' | 'connectHeaders'>
>

async function openStompjs(options: StompjsOptions = {}): Promise<Client> {
  const client = new Client({
    webSocketFactory: () => new TcpWebSocket(broker.port),
    connectHeaders: { login: 'guest', passcode: 'guest', host: '/' },
    reconnectDelay: 0,
    // Over TCP there are no frames of WebSocket that would keep a NUL in a body apart.
    forceBinaryWSFrames: true,
    ...options,
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  client.onConnect = () => resolve()
  client.onStompError = ({ headers }) => reject(new Error(headers['message']))
  client.activate()
  await within('stompjs connects', promise)
  return client
}

function receiptOf(client: Client, id: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  client.watchForReceipt(id, () => resolve())
  return within(`receipt ${id}`, promise)
}

describe('@stomp/stompjs', () => {
  test('publishes, subscribes, acks and beats', async () => {
    const client = await openStompjs({ heartbeatIncoming: 1000, heartbeatOutgoing: 1000 })
    assert.equal(client.connectedVersion, '1.2')
    const messages: IMessage[] = []
    const subscription = client.subscribe('/topic/prices.*', (message) => messages.push(message), {
      ack: 'client',
      receipt: 'sub',
    })
    await receiptOf(client, 'sub')
    const binaryBody = Uint8Array.of(0, 1, 2, 0, 255)
    client.publish({ destination: '/topic/prices.x', binaryBody, headers: { unit: '€:\n' } })
    await waitFor('a message', () => messages.length === 1)
    const [message] = messages
    assert.deepEqual(Array.from(message?.binaryBody ?? []), [0, 1, 2, 0, 255])
    assert.equal(message?.headers['unit'], '€:\n')
    assert.equal(message?.headers['destination'], '/topic/prices.x')
    message?.ack({ receipt: 'ack' })
    await receiptOf(client, 'ack')
    subscription.unsubscribe({ receipt: 'unsub' })
    await receiptOf(client, 'unsub')
    await within('stompjs disconnects', client.deactivate())
  })

  test('answers requests by a temporary queue', async () => {
    const asking = await openStompjs()
    const answers: string[] = []
    asking.onUnhandledMessage = ({ body }) => answers.push(body)
    const answering = await openStompjs()
    answering.subscribe('/queue/questions', (message) => {
      const destination = message.headers['reply-to'] ?? ''
      answering.publish({ destination, body: message.body.toUpperCase() })
    })
    const headers = { 'reply-to': '/temp-queue/answers' }
    asking.publish({ destination: '/queue/questions', body: 'why', headers })
    await waitFor('an answer', () => answers.length === 1)
    assert.deepEqual(answers, ['WHY'])
    await Promise.all([asking.deactivate(), answering.deactivate()])
  })

  test('commits and aborts', async () => {
    const client = await openStompjs()
    const aborted = client.begin()
    client.publish({ destination: '/queue/js', body: 'no', headers: { transaction: aborted.id } })
    aborted.abort()
    const committed = client.begin()
    const headers = { transaction: committed.id, receipt: 'sent' }
    client.publish({ destination: '/queue/js', body: 'yes', headers })
    const sent = receiptOf(client, 'sent')
    committed.commit()
    await sent
    const channel = await broker.session.channel()
    const message = await channel.get('js', { noAck: true })
    assert.equal(message !== false && message.content.toString(), 'yes')
    assert.equal(await channel.get('js', { noAck: true }), false)
    await client.deactivate()
  })

  test('is refused with a wrong passcode', async () => {
    const connectHeaders = { login: 'guest', passcode: 'wrong' }
    await assert.rejects(openStompjs({ connectHeaders }), /Bad CONNECT/)
  })
})
