// Who runs the broker sees in its log which client was closed, and why.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amqpOnly } from '../support/amqp-only.ts'
import { RawClient } from '../support/raw-client.ts'
import { BrokerProgram, ScratchFolder } from './broker-program.ts'

test('the log tells whose channel or connection was closed, and why', async () => {
  using folder = new ScratchFolder()
  const readyFile = folder.file('ready.json')
  const args = ['--data', folder.file('data'), '--ready-file', readyFile, ...amqpOnly]
  await using program = BrokerProgram.run(folder, args)
  const { amqp } = await program.ready(readyFile)
  await using client = await RawClient.openChannel(amqp?.port ?? 0)
  client.send(1, 'queue.declare', { queue: 'missing', passive: true })
  await client.expect(1, 'channel.close')
  client.send(1, 'channel.close-ok')
  client.send(2, 'queue.declare', { queue: 'q' })
  await client.expect(0, 'connection.close')
  client.send(0, 'connection.close-ok')
  await client.ended()
  program.child.kill('SIGTERM')
  await program.ended()
  const lines = program.stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  const lineOf = (text: string) => lines.find(({ msg }) => msg === text)
  const whose = { remote: '127.0.0.1', user: 'guest', vhost: '/', area: 'amqp', level: 'info' }
  assert.partialDeepStrictEqual(lineOf('Channel closed'), {
    ...whose,
    channel: 1,
    reply: "NOT_FOUND - no queue 'missing' in vhost '/'",
  })
  const closed = lineOf('Connection closed')
  assert.partialDeepStrictEqual(closed, whose)
  assert.match(String(closed?.['reply']), /^CHANNEL_ERROR/)
})
