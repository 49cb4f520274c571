// `pabal delayed`: what waits for a time is listed, sent on and cancelled.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { AmqpSession } from '../support/amqp-session.ts'
import { type Outcome, pabal } from '../support/pabal-command.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'

let broker: TestBroker
let session: AmqpSession
before(async () => {
  broker = await TestBroker.start()
  session = await AmqpSession.open(broker.url)
})
after(async () => {
  await session[Symbol.asyncDispose]()
  await broker[Symbol.asyncDispose]()
})

function run(line: string): Promise<Outcome> {
  return pabal([...line.split(' '), '--data', broker.dataFolder])
}

test('delayed messages are listed by when they are due, sent on, and cancelled', async () => {
  const channel = await session.confirmChannel()
  const type = { arguments: { 'x-delayed-type': 'fanout' } }
  await channel.assertExchange('later', 'x-delayed-message', type)
  await channel.assertQueue('mail')
  await channel.bindQueue('mail', 'later', '')
  await channel.assertQueue('short', { messageTtl: 600_000 })
  for (const [text, delay] of [
    ['far', 7_200_000],
    ['near', 60_000],
    ['middle', 600_000],
  ] as const) {
    channel.publish('later', 'k', Buffer.from(text), { headers: { 'x-delay': delay } })
  }
  channel.sendToQueue('short', Buffer.from('x'))
  await channel.waitForConfirms()

  const listed = JSON.parse((await run('delayed ls -o json')).out.join('')) as Record<
    string,
    unknown
  >[]
  assert.deepEqual(
    listed.map(({ name, kind, messages }) => [name, kind, messages]),
    [
      ['later', 'delayed', 3],
      ['short', 'expiring', 1],
    ],
  )
  const [head, ...lines] = (await run('delayed show later')).out
  assert.match(head ?? '', /^due +place/)
  const texts = lines.map((line) => line.split(/ {2,}/).at(-1))
  assert.deepEqual(texts, ['near', 'middle', 'far'])

  const dry = await run('delayed fire later --text near --dry-run')
  assert.deepEqual(dry.out, [
    "Would fire 1 delayed message of exchange 'later' in virtual host '/'",
  ])
  const fired = await run('delayed fire later --text near --yes')
  assert.deepEqual([fired.code, fired.out], [0, ['1 delayed message sent on']])
  await waitFor('it is in the queue', async () => {
    return (await (await session.channel()).checkQueue('mail')).messageCount === 1
  })
  const place = lines[2]?.split(/ {2,}/)[1]
  const one = await run(`delayed cancel later --place ${place} --yes`)
  assert.deepEqual(one.out, ['1 delayed message dropped'])
  const rest = await run('delayed cancel later --yes')
  assert.deepEqual(rest.out, ['1 delayed message dropped'])
  const nothing = await run('delayed cancel later --yes')
  assert.deepEqual([nothing.code, nothing.out], [0, []])
  const missing = await run('delayed show lather')
  assert.match(missing.talk.join(), /there is no exchange 'lather'.*did you mean 'later'/)
})
