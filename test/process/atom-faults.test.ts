// A fault inside an atom: half of it must never be on disk, so the process ends.
import assert from 'node:assert/strict'
import path from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { amqpOnly } from '../support/amqp-only.ts'
import { RawClient } from '../support/raw-client.ts'
import { BrokerProgram, ScratchFolder } from './broker-program.ts'

const preload = pathToFileURL(path.join(import.meta.dirname, 'fault-in-atom.ts')).href

function start(folder: ScratchFolder, name: string, environment = {}): [BrokerProgram, string] {
  const readyFile = folder.file(`${name}.json`)
  const args = ['--data', folder.file('data'), '--ready-file', readyFile, ...amqpOnly]
  return [BrokerProgram.run(folder, args, environment), readyFile]
}

async function connect(program: BrokerProgram, readyFile: string): Promise<RawClient> {
  const { amqp } = await program.ready(readyFile)
  return RawClient.openChannel(amqp?.port ?? 0)
}

test('what throws inside an atom ends the process, and nothing of the atom is on disk', async () => {
  using folder = new ScratchFolder()
  const [program, readyFile] = start(folder, 'first', { NODE_OPTIONS: `--import=${preload}` })
  await using _first = program
  await using client = await connect(program, readyFile)
  // Bound in this order: `whole` gets the message first.
  for (const queue of ['whole', 'broken']) {
    await client.call(1, 'queue.declare', { queue, durable: true })
    await client.call(1, 'queue.bind', { queue, exchange: 'amq.fanout' })
  }
  await client.call(1, 'confirm.select')
  client.publish(1, { routingKey: 'whole' }, 'confirmed')
  await client.expect(1, 'basic.ack')
  client.publish(1, { exchange: 'amq.fanout' }, 'torn')
  client.publish(1, { routingKey: 'whole' }, 'after it')
  await client.ended()
  assert.deepEqual(await program.ended(), { code: 70, signal: null })
  assert.match(program.stderr, /thrown inside an atom/)
  assert.match(program.stderr, /a fault of the broker itself; ending/)
  assert.match(program.stderr, /Assertion failed: an atom/)

  const [again, againFile] = start(folder, 'second')
  await using _second = again
  await using reader = await connect(again, againFile)
  reader.send(1, 'basic.get', { queue: 'whole', noAck: true })
  const { method, body } = await reader.expectMessage(1, 'basic.get-ok')
  assert.equal(body.toString(), 'confirmed')
  assert.equal(method.args['messageCount'], 0)
  reader.send(1, 'basic.get', { queue: 'broken', noAck: true })
  await reader.expect(1, 'basic.get-empty')
})
