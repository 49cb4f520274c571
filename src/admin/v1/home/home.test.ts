import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { statusOf } from '../../../../test/support/broker-status.ts'
import { manage } from '../../../../test/support/managed-broker.ts'
import { messageTo, NotingClient } from '../../../../test/support/noting-client.ts'
import { healthLimits } from '../../../limits/health.ts'
import { type Caller, ownerCaller } from '../../api/caller.ts'
import type { Call } from '../../api/operation.ts'
import type { HomeJson } from './home-json.ts'
import { homeOperation } from './home-operation.ts'

let client: NotingClient
let ask: (caller?: Caller) => Promise<HomeJson>
beforeEach(() => {
  client = new NotingClient()
  const operation = homeOperation({
    ...manage(client.broker),
    figures: () => statusOf('ready', client.broker.shortage.reason),
  })
  ask = async (caller = ownerCaller) => {
    const answer = operation.handle({ caller } as unknown as Call) as Promise<HomeJson>
    const state = { isOver: false }
    void answer.finally(() => (state.isOver = true))
    while (!state.isOver) {
      client.clock.endTurn()
      await new Promise((resolve) => void setImmediate(resolve))
    }
    return answer
  }
})

function publish(name: string, count: number): void {
  for (let index = 0; index < count; index++) client.intake.offer(messageTo(name, 'm'), 0)
  client.clock.endTurn()
}

async function textsAfter(ms: number): Promise<string[]> {
  client.clock.advance(ms)
  return (await ask()).findings.map(({ text }) => text)
}

test('a broker in which nothing is wrong says so', async () => {
  const { health, findings, counts, is_empty: isEmpty } = await ask()
  assert.deepEqual(
    findings.map(({ text }) => text),
    ['All is well: 1 stream, 0/s in, 0/s out'],
  )
  assert.deepEqual([health, counts.streams, isEmpty], ['fine', 1, false])
})

test('queues that grow are told of, with how long the oldest message waits', async () => {
  client.declare('p')
  await ask()
  publish('q', 100)
  publish('p', 50)
  await textsAfter(healthLimits.lookMsMin)
  publish('q', 200)
  const grows =
    /^`q` grows by 33\/s, and nobody consumes it: 300 messages wait, the oldest for 7 s$/
  assert.match((await textsAfter(6000))[0] ?? '', grows)
  publish('p', 100)
  assert.deepEqual(await textsAfter(2000), [
    '2 queues grow, `q` fastest; the oldest message waits 9 s',
  ])
  const { growers, counts } = await ask()
  assert.deepEqual(
    growers.map(({ name, ready }) => [name, ready]),
    [
      ['q', 300],
      ['p', 150],
    ],
  )
  assert.equal(counts.ready, 450)
})

test('a queue that nobody consumes is told of once a message has waited', async () => {
  publish('q', 1)
  assert.match((await textsAfter(1000))[0] ?? '', /^All is well/)
  const [text] = await textsAfter(healthLimits.quietMs)
  assert.equal(text, 'Nobody consumes `q`: 1 message waits, the oldest for 31 s')
})

test('publishers that are blocked come first', async () => {
  publish('q', 1)
  client.clock.advance(healthLimits.quietMs)
  client.broker.shortage.set('memory', true)
  client.clock.advance(60_000)
  const { health, findings } = await ask()
  assert.deepEqual(
    [health, ...findings.map(({ kind }) => kind)],
    ['bad', 'publishers-blocked', 'unconsumed'],
  )
  assert.match(
    findings[0]?.text ?? '',
    /^Publishers are blocked for 60 s: 86 MiB of memory are in use/,
  )
})

test('one look serves all who ask for a while', async () => {
  await ask()
  publish('q', 5)
  assert.equal((await ask()).counts.ready, 0)
  client.clock.advance(healthLimits.lookMsMin)
  assert.equal((await ask()).counts.ready, 5)
})

test('who may enter no virtual host sees nothing of it', async () => {
  publish('q', 5)
  const { rights } = client
  const principal = { ...ownerCaller.principal, user: 'bob', tags: ['management'] }
  const none: Caller = {
    principal,
    login: ownerCaller.login,
    hasTag: (tag) => tag === 'management',
    rightsIn: () => Object.create(rights, { hasAccess: { value: false } }) as typeof rights,
    isCurrent: () => true,
  }
  const { counts, history, is_empty: isEmpty } = await ask(none)
  assert.deepEqual([counts.ready, counts.streams, history, isEmpty], [0, 0, null, true])
})
