// Protocols that RabbitMQ has on its ports and Pabal has not: their clients are told in their own words.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import rhea from 'rhea'
import {
  type BrokerUnderTest,
  onlyPabal,
  startBrokerUnderTest,
} from '../../support/broker-under-test.ts'
import { within } from '../../support/wait-for.ts'

let broker: BrokerUnderTest
before(async () => {
  broker = await startBrokerUnderTest()
})
after(() => broker[Symbol.asyncDispose]())

interface Told {
  readonly condition: string | undefined
  readonly description: string | undefined
}

/** What a client of AMQP 1.0 reports when the broker closes its connection. */
function tellRhea(options: object): Promise<Told> {
  const container = rhea.create_container()
  const told = new Promise<Told>((resolve, reject) => {
    container.on('connection_close', ({ connection }: rhea.EventContext) => {
      const { condition, description } = (connection.error ?? {}) as Partial<Told>
      resolve({ condition, description })
    })
    container.on('disconnected', () => reject(new Error('disconnected without a word')))
  })
  container.on('connection_error', () => {})
  container.connect({ host: '127.0.0.1', port: broker.port, reconnect: false, ...options })
  return within('connection is closed', told)
}

describe('AMQP 1.0', onlyPabal, () => {
  for (const [how, options] of [
    ['with a password', { username: 'guest', password: 'guest' }],
    ['as nobody', { username: 'anonymous' }],
    ['without a login', {}],
  ] as const) {
    it(`is refused in a connection that is opened ${how}`, async () => {
      assert.deepEqual(await tellRhea(options), {
        condition: 'amqp:not-implemented',
        description: 'Pabal does not speak AMQP 1.0 here: use a client for AMQP 0-9-1',
      })
    })
  }

  it('is refused byte by byte', async () => {
    const sent = [...Buffer.from('AMQP\x00\x01\x00\x00', 'latin1')].map((byte) =>
      Buffer.from([byte]),
    )
    const answer = await talk(sent)
    assert.equal(answer.subarray(0, 4).toString(), 'AMQP')
    assert.ok(answer.includes('Pabal does not speak AMQP 1.0 here'))
  })
})

describe("RabbitMQ's stream protocol", onlyPabal, () => {
  it('is closed with a reason', async () => {
    const frame = Buffer.from([0, 0, 0, 12, 0, 0x11, 0, 1, 0, 0, 0, 7, 0, 0, 0, 0])
    const answer = await talk([frame.subarray(0, 5), frame.subarray(5)])
    // PeerProperties is answered, and Close comes with the reason.
    assert.equal(answer.readUInt16BE(4), 0x8011)
    const close = answer.subarray(4 + answer.readUInt32BE(0))
    assert.equal(close.readUInt16BE(4), 0x16)
    assert.equal(
      close.toString('latin1', 16),
      "Pabal does not speak RabbitMQ's stream protocol here: use a client for AMQP 0-9-1",
    )
  })
})

/** Everything that the broker sends until it ends the connection. */
async function talk(pieces: readonly Buffer[]): Promise<Buffer> {
  const socket = connect(broker.port, '127.0.0.1')
  const answers: Buffer[] = []
  socket.on('data', (bytes) => answers.push(bytes))
  for (const piece of pieces) socket.write(piece)
  await within('broker ends the connection', once(socket, 'end'))
  return Buffer.concat(answers)
}
