// `pabal dlq` and `pabal job`: dead letters are found, counted, brought back, and that is undone.
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

async function readyIn(queue: string): Promise<number> {
  const { messageCount } = await (await session.channel()).checkQueue(queue)
  return messageCount
}

test('what died is counted by its reason, redriven, and taken back', async () => {
  const channel = await session.confirmChannel()
  await channel.assertQueue('dead')
  const deadLetters = { deadLetterExchange: '', deadLetterRoutingKey: 'dead' }
  await channel.assertQueue('orders', deadLetters)
  await channel.assertQueue('short', { ...deadLetters, messageTtl: 1 })
  for (const queue of ['orders', 'orders', 'short']) channel.sendToQueue(queue, Buffer.from('x'))
  await channel.waitForConfirms()
  for (let left = 2; left > 0; left--) {
    const message = await channel.get('orders')
    assert.ok(message)
    channel.nack(message, false, false)
  }
  await waitFor('all are dead', async () => (await readyIn('dead')) === 3)

  const listed = await run('dlq ls -o json')
  const [row] = JSON.parse(listed.out[0] ?? '') as { queue: string; messages: number }[]
  assert.deepEqual([row?.queue, row?.messages], ['dead', 3])
  const shown = await run('dlq show dead -o json')
  const groups = JSON.parse(shown.out[0] ?? '') as Record<string, unknown>[]
  assert.deepEqual(
    groups.map(({ reason, queue, count }) => [reason, queue, count]),
    [
      ['rejected', 'orders', 2],
      ['expired', 'short', 1],
    ],
  )

  const dry = await run('dlq redrive dead --reason rejected --dry-run')
  assert.deepEqual(dry.out, ["Would redrive 2 messages of queue 'dead' in virtual host '/'"])
  assert.ok(dry.talk.includes("to 'orders': 2"), dry.talk.join())
  const group = await run('dlq redrive dead --group {"queue":"short","exception":null} --dry-run')
  assert.deepEqual(group.out, ["Would redrive 1 message of queue 'dead' in virtual host '/'"])
  assert.match((await run('dlq redrive dead --group rejected')).talk.join(), /--group is JSON/)
  assert.equal(await readyIn('dead'), 3)
  assert.equal((await run('dlq redrive dead --reason rejected')).code, 64)
  const done = await run('dlq redrive dead --reason rejected --yes')
  assert.deepEqual([done.code, done.out], [0, ["redrive of 'dead': 2 messages done"]])
  assert.deepEqual([await readyIn('orders'), await readyIn('dead')], [2, 1])

  const jobs = await run('job ls -o name')
  assert.equal(jobs.out.length, 1)
  const [id = ''] = jobs.out
  assert.match(done.talk.at(-1) ?? '', new RegExp(`^To take it back: pabal job undo ${id} `))
  const [head, line] = (await run('job ls')).out.map((text) => text.split(/ {2,}/))
  assert.deepEqual(
    ['done', 'looked_at', 'total'].map((column) => line?.[head?.indexOf(column) ?? -1]),
    ['2', '3', '3'],
  )
  assert.match((await run(`job show ${id}`)).out.join('\n'), /^state +done$/m)
  const undone = await run(`job undo ${id} --yes`)
  assert.equal(undone.code, 0, undone.talk.join())
  assert.doesNotMatch(undone.talk.join(), /take it back/)
  assert.deepEqual([await readyIn('orders'), await readyIn('dead')], [0, 3])
})

test('messages are moved, copied and deleted by what is in them', async () => {
  const channel = await session.confirmChannel()
  for (const queue of ['from', 'to']) await channel.assertQueue(queue)
  for (const text of ['red 1', 'red 2', 'blue']) channel.sendToQueue('from', Buffer.from(text))
  await channel.waitForConfirms()
  const moved = await run('job move from --to-queue to --text red --yes')
  assert.deepEqual([moved.code, moved.out], [0, ["move of 'from': 2 messages done"]])
  assert.deepEqual([await readyIn('from'), await readyIn('to')], [1, 2])
  const copied = await run('job copy from --to-exchange amq.default --key to --yes')
  assert.deepEqual([copied.code, copied.out], [0, ["copy of 'from': 1 message done"]])
  assert.deepEqual([await readyIn('from'), await readyIn('to')], [1, 3])
  const dry = await run('job delete to --text blue --dry-run')
  assert.deepEqual(dry.out, ["Would delete 1 message of queue 'to' in virtual host '/'"])
  const deleted = await run('job delete to --text blue --yes')
  assert.deepEqual([deleted.code, deleted.out], [0, ["delete of 'to': 1 message done"]])
  assert.equal(await readyIn('to'), 2)
  const nowhere = await run('job move from --yes')
  assert.deepEqual(
    [nowhere.code, nowhere.talk.at(-1)],
    [64, 'where to? give --to-queue or --to-exchange'],
  )
})

test('what cannot be done says why, and what to do', async () => {
  const nothing = await run('dlq redrive orders --reason expired')
  assert.deepEqual(
    [nothing.code, nothing.out, nothing.talk.at(-1)],
    [0, [], "There is nothing to redrive in queue 'orders' in virtual host '/'"],
  )
  const channel = await session.confirmChannel()
  await channel.assertQueue('full')
  channel.sendToQueue('full', Buffer.from('stays'))
  await channel.waitForConfirms()
  const nowhere = await run('job move full --to-queue none --yes')
  assert.deepEqual(nowhere.talk, [
    "left out: 1 (no queue 'none' in vhost '/')",
    "Nothing of queue 'full' in virtual host '/' can go there",
  ])
  const missing = await run('dlq redrive deaf --yes')
  assert.deepEqual(
    [missing.code, missing.talk.join()],
    [66, "there is no queue 'deaf' in virtual host '/'; did you mean 'dead'?"],
  )
  assert.match((await run('dlq redrive dead --to-queue a --to-address')).talk.join(), /give one of/)
  assert.match((await run('dlq redrive dead --key a')).talk.join(), /add --to-exchange NAME/)
  const job = await run('job cancel nothing')
  assert.match(job.talk.join(), /there is no job 'nothing'; see pabal job list --data /)
})
