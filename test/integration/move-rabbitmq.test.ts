// `pabal move rabbitmq` between two brokers, both of which are Pabal here: what comes is what was there,
// byte for byte, and nothing is lost however the move ends. test/interop/moving does it with RabbitMQ.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { exitCodes } from '../../src/lib/exit-codes.ts'
import { moveLimits } from '../../src/limits/move.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import { assertExact, declareExact } from '../support/exact-messages.ts'
import { runPabal, startPabal } from '../support/run-pabal.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'

let source: TestBroker
let target: TestBroker
before(async () => {
  const brokers = await Promise.all([TestBroker.start(['--vhosts', 'shop']), TestBroker.start()])
  source = brokers[0]
  target = brokers[1]
})
after(async () => {
  await source[Symbol.asyncDispose]()
  await target[Symbol.asyncDispose]()
})

const moveArgs = (...args: string[]): string[] => [...moveTo(), '--from', source.url, ...args]

function moveTo(): string[] {
  return ['move', 'rabbitmq', '--data', target.dataFolder]
}

async function declare(broker: TestBroker, queue: string, args: object = {}): Promise<void> {
  await using session = await AmqpSession.open(broker.url)
  await (await session.channel()).assertQueue(queue, { arguments: args })
}

async function publish(queue: string, from: number, to: number): Promise<void> {
  await using session = await AmqpSession.open(source.url)
  const channel = await session.confirmChannel()
  for (let id = from; id <= to; id++) channel.sendToQueue(queue, Buffer.from(`${id}`))
  await channel.waitForConfirms()
}

async function count(broker: TestBroker, queue: string): Promise<number> {
  await using session = await AmqpSession.open(broker.url)
  return (await (await session.channel()).checkQueue(queue)).messageCount
}

async function takeAll(broker: TestBroker, queue: string): Promise<number[]> {
  await using session = await AmqpSession.open(broker.url)
  const channel = await session.channel()
  const ids: number[] = []
  for (;;) {
    const message = await channel.get(queue, { noAck: true })
    if (message === false) return ids
    ids.push(Number(message.content.toString()))
  }
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, n) => from + n)

describe('pabal move rabbitmq', () => {
  it('brings address, properties, headers and body as they were, and to no other queue', async () => {
    for (const queue of ['exact', 'copies']) await declare(target, queue)
    await declareExact(source.port, 'exact')
    const { code, stdout, stderr } = await runPabal(moveArgs('--queue', 'exact'))
    assert.equal(code, exitCodes.ok, stderr)
    assert.match(stdout, /^exact +done +3 +\d+ +0$/m)
    await assertExact({ from: source.port, to: target.port, queue: 'exact' })
    assert.equal(await count(target, 'copies'), 0)
    assert.equal(await count(source, 'exact'), 0)
  })

  it('loses nothing when it is killed, and brings at most what was out twice', async () => {
    const total = 20_000
    for (const broker of [source, target]) await declare(broker, 'killed')
    await publish('killed', 1, total / 2)
    const publishing = publish('killed', total / 2 + 1, total)
    const killed = startPabal(moveArgs('--queue', 'killed'))
    await waitFor('some have come', async () => (await count(target, 'killed')) > 1000)
    killed.child.kill('SIGKILL')
    assert.equal((await killed.ended).code, null)
    await publishing
    await waitFor('it has all back', async () => {
      const there = await count(source, 'killed')
      return there > 0 && there + (await count(target, 'killed')) >= total
    })
    const { code, stderr } = await runPabal(moveArgs('--queue', 'killed'))
    assert.equal(code, exitCodes.ok, stderr)
    const ids = await takeAll(target, 'killed')
    assert.deepEqual(new Set(ids), new Set(range(1, total)))
    const outMax = moveLimits.chunkCountMax * moveLimits.prefetchChunks
    assert.ok(ids.length <= total + outMax, `${ids.length} came`)
  })

  it('waits while the queue is full, and ends in good order when it is asked to', async () => {
    await declare(source, 'full')
    await declare(target, 'full', { 'x-max-length': 3, 'x-overflow': 'reject-publish' })
    await publish('full', 1, 10)
    const waiting = startPabal(moveArgs('--queue', 'full', '-o', 'json'))
    await waitFor('three have come', async () => (await count(target, 'full')) === 3)
    waiting.child.kill('SIGINT')
    const { code, stdout, stderr } = await waiting.ended
    assert.equal(code, exitCodes.ok)
    assert.equal((JSON.parse(stdout) as { state: string }[])[0]?.state, 'stopped')
    assert.match(stderr, /same command again/)
    const rest = startPabal(moveArgs('--queue', 'full'))
    const taken: number[] = []
    await waitFor('all have come', async () => {
      taken.push(...(await takeAll(target, 'full')))
      return taken.length >= 10
    })
    assert.equal((await rest.ended).code, exitCodes.ok)
    assert.deepEqual(taken, range(1, 10))
  })

  it('goes on with what comes later, no faster than it may', async () => {
    await declare(source, 'live')
    await declare(target, 'elsewhere')
    await publish('live', 1, 20)
    const startedAt = performance.now()
    const flags = ['--queue', 'live', '--to-queue', 'elsewhere', '--rate', '40', '--keep-running']
    const running = startPabal(moveArgs(...flags))
    await waitFor('the first have come', async () => (await count(target, 'elsewhere')) >= 20)
    await publish('live', 21, 40)
    await waitFor('all have come', async () => (await count(target, 'elsewhere')) === 40)
    const elapsedMs = performance.now() - startedAt
    running.child.kill('SIGTERM')
    assert.equal((await running.ended).code, exitCodes.ok)
    // The first chunk of four is not waited for.
    assert.ok(elapsedMs >= ((40 - 4) / 40) * 1000, `${elapsedMs} ms`)
    assert.deepEqual(await takeAll(target, 'elsewhere'), range(1, 40))
  })

  it('moves nothing in a dry run, and says what it cannot do', async () => {
    await declare(source, 'dry')
    await publish('dry', 1, 1)
    const dry = await runPabal(moveArgs('--queue', 'dry', '--dry-run'))
    assert.equal(dry.code, exitCodes.ok)
    assert.match(dry.stdout, /^dry +dry +is missing$/m)
    assert.match(
      dry.stderr,
      /^What is missing: declare it, import definitions .*--from-management$/m,
    )
    assert.equal(await count(source, 'dry'), 1)
    const missing = await runPabal(moveArgs('--queue', 'dry'))
    assert.equal(missing.code, exitCodes.noInput)
    assert.match(
      missing.stderr,
      /no queue 'dry' in virtual host '\/' here: declare it, import definitions/,
    )
    const nowhere = await runPabal(moveArgs('--queue', 'dry', '--vhost', 'shpo'))
    assert.equal(nowhere.code, exitCodes.noInput)
    assert.match(nowhere.stderr, /there is no virtual host 'shpo'; see pabal vhost list/)
    await declare(target, 'dry')
    await declare(target, 'none')
    const none = await runPabal(moveArgs('--queue', 'none'))
    assert.equal(none.code, exitCodes.noInput)
    assert.match(none.stderr, /no queue 'none' in vhost/)
    const wrong = await runPabal(moveArgs('--queue', 'dry'), { MOVE_FROM_PASSWORD: 'wrong' })
    assert.equal(wrong.code, exitCodes.notPermitted)
    assert.doesNotMatch(wrong.stderr, /wrong|guest:guest/)
    assert.match(
      wrong.stderr,
      /Login was refused.*: is the password in --from-password-file its own\?$/m,
    )
    assert.doesNotMatch(wrong.stderr, /were moved before/)
    assert.equal(await count(source, 'dry'), 1)
  })

  it('reads the password from a file, and takes names as they are written in an address', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pabal-move-'))
    try {
      writeFileSync(join(folder, 'password'), 'guest\n')
      await using session = await AmqpSession.open(`${source.url}/shop`)
      const channel = await session.confirmChannel()
      await channel.assertQueue('a b')
      channel.sendToQueue('a b', Buffer.from('1'))
      await channel.waitForConfirms()
      await declare(target, 'a b')
      const from = `amqp://guest@127.0.0.1:${source.port}/%73hop`
      const login = ['--from', from, '--from-password-file', join(folder, 'password')]
      const args = [...moveTo(), ...login, '--vhost', '/', '--queue', 'a b']
      const { code, stderr } = await runPabal(args)
      assert.equal(code, exitCodes.ok, stderr)
      assert.deepEqual(await takeAll(target, 'a b'), [1])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
