// STOMP over kill -9 at any moment: what had a receipt is there, what was acked with one does not come again, and a
// transaction is there as a whole or not at all. With STOMP_CRASH_SEED the moments are those of that seed.
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { TestBroker } from '../support/start-test-broker.ts'
import { RawStomp, type RawStompFrame } from '../support/stomp/raw-stomp.ts'
import { waitFor } from '../support/wait-for.ts'

const seed = Number(process.env['STOMP_CRASH_SEED'] ?? Date.now() % 100_000)
const rounds = Number(process.env['STOMP_CRASH_ROUNDS'] ?? 2)

let broker: TestBroker
before(async () => {
  broker = await TestBroker.start(['--stomp-port', '0'])
})
after(() => broker[Symbol.asyncDispose]())

/** What clients know at the moment of the crash. */
interface Known {
  /** Their receipts have come. */
  readonly sent: Set<string>
  /** They were written, whatever became of them. */
  readonly tried: Set<string>
  readonly acked: Set<string>
  readonly triedAcks: Set<string>
  /** Numbers of transactions whose COMMIT has its receipt. */
  readonly committed: Set<string>
}

/** Handles what comes until the connection has ended. */
async function follow(client: RawStomp, onFrame: (frame: RawStompFrame) => void): Promise<void> {
  for (let frame = await client.next(); frame !== undefined; frame = await client.next()) {
    assert.notEqual(frame.command, 'ERROR', JSON.stringify(frame))
    onFrame(frame)
  }
}

/** Sends messages, some of them large, and has some receipts to come at any time. */
async function publish(known: Known, prefix: string): Promise<void> {
  const client = await RawStomp.connect(broker.stompPort)
  let next = 0
  const sendOne = (): void => {
    const id = `${prefix}-${next++}`
    known.tried.add(id)
    const filler = next % 50 === 0 ? 'x'.repeat(1_200_000) : ''
    const headers = { destination: '/queue/crash', persistent: 'true', receipt: id, id }
    client.send('SEND', headers, filler)
  }
  for (let count = 0; count < 20; count++) sendOne()
  await follow(client, ({ headers }) => {
    known.sent.add(headers['receipt-id'] ?? '')
    sendOne()
  })
}

/** Each transaction sends a message to either side and acks one. */
async function transact(known: Known, prefix: string): Promise<void> {
  const client = await RawStomp.connect(broker.stompPort)
  let next = 0
  const begin = (): void => {
    const id = `${prefix}-t${next++}`
    client.send('BEGIN', { transaction: id })
    for (const side of ['left', 'right']) {
      client.send('SEND', {
        destination: `/queue/${side}`,
        persistent: 'true',
        transaction: id,
        id,
      })
    }
    client.send('COMMIT', { transaction: id, receipt: id })
  }
  begin()
  await follow(client, ({ headers }) => {
    known.committed.add(headers['receipt-id'] ?? '')
    begin()
  })
}

/** Acks each second message of what there is. */
async function consume(known: Known): Promise<void> {
  const client = await RawStomp.connect(broker.stompPort)
  const ack = 'client-individual'
  client.send('SUBSCRIBE', { destination: '/queue/crash', id: 'c', ack, 'prefetch-count': 50 })
  let isEven = false
  await follow(client, ({ command, headers }) => {
    if (command === 'RECEIPT') {
      known.acked.add(headers['receipt-id'] ?? '')
      return
    }
    const id = headers['id'] ?? ''
    assert.ok(known.tried.has(id), `${id} was never sent`)
    assert.ok(!known.acked.has(id), `${id} comes after the receipt of its ACK`)
    isEven = !isEven
    if (isEven) {
      known.triedAcks.add(id)
      client.send('ACK', { id: headers['ack'], receipt: id })
    } else client.send('NACK', { id: headers['ack'] })
  })
}

/** All that is in a queue. */
async function drain(queue: string): Promise<string[]> {
  await using client = await RawStomp.connect(broker.stompPort)
  const ids: string[] = []
  await client.done('SUBSCRIBE', { destination: `/queue/${queue}`, id: 'd', ack: 'client' })
  const mark = `end-${Math.random()}`
  client.send('SEND', { destination: `/queue/${queue}`, id: mark })
  for (;;) {
    const { headers } = await client.expect('MESSAGE')
    if (headers['id'] === mark) {
      await client.done('ACK', { id: headers['ack'] })
      return ids
    }
    ids.push(headers['id'] ?? '')
  }
}

/** From 0 to 1, the same for the same seed. */
function drawn(round: number): number {
  const x = Math.sin(seed * 1000 + round) * 10_000
  return x - Math.floor(x)
}

it(`keeps what had a receipt, whenever it is killed (seed ${seed})`, async (t) => {
  const known: Known = {
    sent: new Set(),
    tried: new Set(),
    acked: new Set(),
    triedAcks: new Set(),
    committed: new Set(),
  }
  const drainedSides: Record<string, string[]> = { left: [], right: [] }
  for (let round = 0; round < rounds; round++) {
    const [sent, committed] = [known.sent.size, known.committed.size]
    const clients = [
      publish(known, `r${round}-a`),
      publish(known, `r${round}-b`),
      transact(known, `r${round}`),
      consume(known),
    ]
    await waitFor('some receipts', () => {
      return known.sent.size > sent + 50 && known.committed.size > committed + 5
    })
    await delay(drawn(round) * 150)
    await broker.kill()
    await Promise.all(clients)
    await broker.restart()
    for (const side of ['left', 'right']) drainedSides[side]?.push(...(await drain(side)))
  }
  const left = new Set(await drain('crash'))
  const lost = [...known.sent].filter((id) => !left.has(id) && !known.triedAcks.has(id))
  assert.deepEqual(lost, [])
  assert.deepEqual(
    [...left].filter((id) => known.acked.has(id)),
    [],
  )
  assert.deepEqual(
    [...left].filter((id) => !known.tried.has(id)),
    [],
  )
  assert.deepEqual(drainedSides['left'], drainedSides['right'])
  const done = new Set(drainedSides['left'])
  assert.deepEqual(
    [...known.committed].filter((id) => !done.has(id)),
    [],
  )
  t.diagnostic(
    `${known.sent.size} sent, ${known.acked.size} acked, ${known.committed.size} transactions`,
  )
})
