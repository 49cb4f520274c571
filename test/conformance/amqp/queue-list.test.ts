// `pabal queue list` counts what clients have published and hold.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { after, before, it } from 'node:test'
import { AmqpSession } from '../../support/amqp-session.ts'
import { TestBroker } from '../../support/start-test-broker.ts'
import { waitFor } from '../../support/wait-for.ts'

const mainFile = path.join(import.meta.dirname, '../../../src/main.ts')

let broker: TestBroker
before(async () => {
  broker = await TestBroker.start(['--vhosts', 'other'])
})
after(() => broker[Symbol.asyncDispose]())

function list(...args: string[]): Promise<string[]> {
  return run('queue', 'list', ...args)
}

/** What a command prints, and how it ends when that is not well. */
async function run(...args: string[]): Promise<string[]> {
  const child = spawn(process.execPath, [mainFile, ...args, '--data', broker.dataFolder])
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => (text += part))
  }
  const [code] = (await once(child, 'close')) as [number | null]
  return [...(code === 0 ? [] : [String(code)]), ...text.trim().split('\n')]
}

const cells = (lines: readonly string[]): string[][] => lines.map((line) => line.split(/ {2,}/))

it('shows what waits in a queue, and what is out', async () => {
  assert.deepEqual(await list(), ['There are no queues'])
  await run('policy', 'set', 'limit', '^work$', '{"max-length":10}')
  await using session = await AmqpSession.open(broker.url)
  await using other = await AmqpSession.open(`${broker.url}/other`)
  const channel = await session.confirmChannel()
  await channel.assertQueue('work', { arguments: { 'x-queue-type': 'quorum' } })
  await channel.assertQueue('log', { arguments: { 'x-queue-type': 'stream' } })
  await (await other.channel()).assertQueue('elsewhere')
  for (const queue of ['work', 'work', 'work', 'log'])
    channel.sendToQueue(queue, Buffer.from('body'))
  await channel.waitForConfirms()
  await channel.prefetch(1)
  let held = 0
  await channel.consume('work', () => (held += 1))
  await waitFor('a delivery', () => held === 1)

  const header = 'vhost name type ready unacked consumers policy'
  assert.deepEqual(cells(await list()), [
    header.split(' '),
    ['/', 'log', 'stream', '1', '0', '0'],
    ['/', 'work', 'quorum', '2', '1', '1', 'limit'],
    ['other', 'elsewhere', 'classic', '0', '0', '0'],
  ])
  assert.deepEqual(cells(await list('--vhost', 'other')).slice(1), [
    ['other', 'elsewhere', 'classic', '0', '0', '0'],
  ])
  const [json = ''] = await list('--vhost', '/', '-o', 'json')
  assert.deepEqual(
    (JSON.parse(json) as { name: string; messages: number }[]).map(({ name, messages }) => [
      name,
      messages,
    ]),
    [
      ['log', 1],
      ['work', 3],
    ],
  )
})

it('knows which virtual hosts there are', async () => {
  assert.deepEqual(await list('--vhost', 'none'), [
    '66',
    `pabal: there is no virtual host 'none'; see pabal vhost list --data ${broker.dataFolder}`,
  ])
})
