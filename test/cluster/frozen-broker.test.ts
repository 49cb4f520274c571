// A broker whose node may not serve: its connections stay, heartbeats go out, and nothing else does until it may again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Queue } from '../../src/broker/queue/queue.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { ServingGate } from '../../src/lib/serving-gate.ts'
import { BrokerInProcess } from '../support/broker-in-process.ts'
import { RawClient } from '../support/raw-client.ts'

/** A gate that a test opens and shuts; the broker's clock goes on by itself. */
class TestGate {
  #shift = 0
  readonly gate: ServingGate = new ServingGate({
    ...systemClock,
    monotonic: () => systemClock.monotonic() + this.#shift,
  })

  open(): void {
    this.gate.openUntil(systemClock.monotonic() + this.#shift + 1e6)
  }

  shut(): void {
    this.#shift += 2e6
    assert.equal(this.gate.isOpen, false)
  }
}

async function nothingBut(client: RawClient, kind: string): Promise<void> {
  const frame = await client.next()
  assert.equal(frame.kind, kind)
}

test('it delivers, confirms and answers nothing, sends heartbeats, and then goes on', async () => {
  const control = new TestGate()
  control.open()
  await using broker = await BrokerInProcess.start({ gate: control.gate })
  await using client = await RawClient.openChannel(broker.port, { heartbeat: 1 })
  await using publisher = await RawClient.openChannel(broker.port)
  await client.call(1, 'queue.declare', { queue: 'tasks' })
  await client.call(1, 'queue.declare', { queue: 'other' })
  await client.call(1, 'basic.consume', { queue: 'tasks', consumerTag: 'me' })
  await publisher.call(1, 'confirm.select')
  control.shut()
  publisher.publish(1, { routingKey: 'tasks' }, 'one')
  publisher.publish(1, { routingKey: 'other' }, 'two')
  client.send(1, 'basic.get', { queue: 'other' })
  await nothingBut(client, 'heartbeat')
  await nothingBut(client, 'heartbeat')
  const tasks = broker.broker.getVHost('/').findQueue('tasks') as Queue
  assert.equal(tasks.readyCount, 1, 'the message stays in its queue')
  control.open()
  await publisher.expect(1, 'basic.ack')
  const bodies: string[] = []
  for (let count = 0; count < 2; count++) {
    const frame = await client.next()
    assert.equal(frame.kind, 'method')
    for (const each of ['header', 'body']) {
      const part = await client.next()
      assert.equal(part.kind, each)
      if (part.kind === 'body') bodies.push(part.payload.toString())
    }
  }
  assert.deepEqual(bodies.sort(), ['one', 'two'])
  assert.deepEqual(broker.bugs, [])
})

test('a client with something held back is ended without a word when the node is over', async () => {
  const control = new TestGate()
  control.open()
  await using broker = await BrokerInProcess.start({ gate: control.gate })
  await using client = await RawClient.openChannel(broker.port)
  await client.call(1, 'confirm.select')
  await client.call(1, 'queue.declare', { queue: 'tasks' })
  control.shut()
  client.publish(1, { routingKey: 'tasks' }, 'one')
  client.send(1, 'queue.declare', { queue: 'more' })
  const received = client.receivedBytes
  control.gate.lose()
  await client.ended()
  assert.equal(client.receivedBytes, received)
})
