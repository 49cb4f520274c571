// What stays until somebody deletes it never blocks publishers: declarations are refused before.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import amqp from 'amqplib'
import { TestBroker } from '../../test/support/start-test-broker.ts'

/** Declares queues with such an argument until one is refused; at most `count`. */
async function declareUntilRefused(
  connection: amqp.ChannelModel,
  text: string | Buffer,
  count: number,
): Promise<{
  readonly declared: string[]
  readonly error: (Error & { code?: number }) | undefined
}> {
  const channel = await connection.createChannel()
  let error: Error | undefined
  connection.on('error', (reason: Error) => (error = reason))
  channel.on('error', (reason: Error) => (error = reason))
  const declared: string[] = []
  try {
    for (let number = 0; number < count; number++) {
      await channel.assertQueue(`staying ${number}`, { arguments: { 'x-unknown': text } })
      declared.push(`staying ${number}`)
    }
  } catch (reason) {
    error ??= reason as Error
  }
  return { declared, error }
}

for (const [what, text] of [
  ['text', 'x'.repeat(60_000)],
  ['bytes', Buffer.alloc(60_000, 0xff)],
] as const) {
  test(`queues with arguments of much ${what} are refused before publishers have to wait`, async () => {
    await using broker = await TestBroker.start(
      ['--memory-watermark', '260MiB'],
      ['--max-old-space-size=192'],
    )
    const hostile = await amqp.connect(broker.url)
    const { declared, error } = await declareUntilRefused(hostile, text, 6000)
    assert.equal(error?.code, 506, error?.message)
    assert.ok(declared.length > 100, `${declared.length} were let in`)
    // Others come, publish, consume and delete.
    const other = await amqp.connect(broker.url)
    const channel = await other.createConfirmChannel()
    channel.publish('', declared[0] as string, Buffer.from('goes on'))
    await channel.waitForConfirms()
    const got = Promise.withResolvers<amqp.ConsumeMessage | null>()
    await channel.consume(declared[0] as string, got.resolve, { noAck: true })
    assert.equal((await got.promise)?.content.toString(), 'goes on')
    for (const queue of declared) await channel.deleteQueue(queue)
    await other.close()
  })
}
