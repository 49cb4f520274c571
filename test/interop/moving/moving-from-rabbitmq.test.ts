// docs/moving-from-rabbitmq.md, followed with a RabbitMQ of its own: each command of the page is run, and
// messages move there and back while a publisher and consumers are at work, each of them once.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { freePorts } from '../../../bench/systems/ports.ts'
import {
  rabbitmqServerScript,
  type RabbitmqNode,
  startRabbitmq,
} from '../../../bench/systems/rabbitmq-system.ts'
import { exitCodes } from '../../../src/lib/exit-codes.ts'
import { moveLimits } from '../../../src/limits/move.ts'
import { hasRabbitmq } from '../../differential/start-brokers.ts'
import { AmqpSession } from '../../support/amqp-session.ts'
import { assertExact, declareExact } from '../../support/exact-messages.ts'
import { runPabal, type RunningCommand, startPabal } from '../../support/run-pabal.ts'
import { TestBroker } from '../../support/start-test-broker.ts'
import { waitFor } from '../../support/wait-for.ts'
import { has } from '../languages.ts'
import {
  LiveConsumer,
  LivePublisher,
  type Numbers,
  propertiesOf,
  type Taken,
} from './live-clients.ts'
import { writePabalCommand } from './pabal-command.ts'
import { PageBlocks } from './page-blocks.ts'

const repository = join(import.meta.dirname, '../../..')
const isPossible = hasRabbitmq && has('curl', '--version')
const page = join(repository, 'docs/moving-from-rabbitmq.md')
const shovelMs = 60_000
/** How much happens in each state on the way. */
const someCount = 100
const backlogCount = 1500

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, n) => from + n)

describe(
  'moving from RabbitMQ as its page says',
  { skip: isPossible ? false : 'needs RabbitMQ and curl: apt-get install rabbitmq-server curl' },
  () => {
    let folder: string
    let rabbitmq: RabbitmqNode
    let pabal: TestBroker
    let blocks: PageBlocks
    let rabbitmqUrl: string
    let managementUrl: string
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'pabal-moving-'))
      const [managementPort] = await freePorts(2)
      const started = startRabbitmq(join(folder, 'rabbitmq'), managementPort)
      pabal = await TestBroker.start()
      rabbitmq = await started
      managementUrl = `http://127.0.0.1:${managementPort}`
      rabbitmqUrl = `amqp://guest:guest@127.0.0.1:${rabbitmq.amqpPort}`
      const path = [writePabalCommand(folder), dirname(rabbitmqServerScript), rabbitmq.env['PATH']]
      blocks = new PageBlocks(page, {
        folder,
        env: { ...rabbitmq.env, PATH: path.join(':'), PABAL_DATA: pabal.dataFolder },
        names: {
          'pabal.example:5672': `127.0.0.1:${pabal.port}`,
          'rabbit.example:5672': `127.0.0.1:${rabbitmq.amqpPort}`,
          'rabbit.example:15672': `127.0.0.1:${managementPort}`,
          'data/': `${pabal.dataFolder}/`,
        },
      })
      await blocks.run('user add mover')
      await blocks.run('rabbitmq-plugins enable')
    })
    after(async () => {
      await pabal[Symbol.asyncDispose]()
      await rabbitmq.stop('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    })

    const withChannel = async <T>(
      url: string,
      use: (channel: Awaited<ReturnType<AmqpSession['confirmChannel']>>) => Promise<T>,
    ): Promise<T> => {
      await using session = await AmqpSession.open(url)
      return await use(await session.confirmChannel())
    }
    const count = (url: string, queue: string): Promise<number> =>
      withChannel(url, async (channel) => (await channel.checkQueue(queue)).messageCount)
    const isRunning = (name: string): Promise<unknown> =>
      waitFor(
        `shovel ${name} runs`,
        async () => new RegExp(`${name}.*running`).test(await blocks.run('shovel_status')),
        shovelMs,
      )

    it('brings along what was declared, and takes it back', async () => {
      await rabbitmq.control('add_user', 'app', 'its secret')
      await rabbitmq.control('set_permissions', 'app', '.*', '.*', '.*')
      await rabbitmq.control('set_policy', 'limit', '^mails$', '{"max-length":5}')
      await withChannel(rabbitmqUrl, async (channel) => {
        const quorum = { 'x-queue-type': 'quorum', 'x-delivery-limit': 7 }
        await channel.assertQueue('mails', { arguments: quorum })
        await channel.assertExchange('mail', 'topic')
        await channel.bindQueue('mails', 'mail', 'to.#')
      })
      assert.match(await blocks.run('--check'), /^add +queue +\/ +mails/m)
      await assert.rejects(count(pabal.url, 'mails'))
      await blocks.run('definitions import rabbit.json\n')

      const appUrl = pabal.url.replace('guest:guest', 'app:its%20secret')
      await withChannel(appUrl, async (channel) => {
        channel.publish('mail', 'to.alice', Buffer.from('1'), { persistent: true })
        await channel.waitForConfirms()
      })
      const listed = await blocks.run('rabbitmqctl list_queues')
      assert.match(listed, /^\/ +mails +quorum +1 +0 +0 +limit$/m)

      await withChannel(pabal.url, (channel) => channel.assertQueue('made-at-pabal'))
      await blocks.run('definitions export pabal.json')
      await waitFor('it is at RabbitMQ', () =>
        count(rabbitmqUrl, 'made-at-pabal').then(
          () => true,
          () => false,
        ),
      )
    })

    it('moves messages by command, with every type of header, and declares what is missing', async () => {
      await rabbitmq.control('set_user_tags', 'app', 'management')
      await declareExact(rabbitmq.amqpPort, 'orders')
      assert.match(await blocks.run('--dry-run'), /^orders +orders +is missing$/m)
      assert.match(await blocks.run('--from-management'), /^orders +done +3 +\d+ +0$/m)
      const management = ['--all-queues', '--from-management', managementUrl, '--dry-run']
      const from = ['move', 'rabbitmq', '--data', pabal.dataFolder, '--from', rabbitmqUrl]
      const all = await runPabal([...from, ...management])
      assert.match(all.stdout, /^mails +mails +is there$/m)
      assert.match(all.stdout, /^copies +copies +will be declared$/m)
      assert.equal(await count(rabbitmqUrl, 'orders'), 0)
      await assertExact({ from: rabbitmq.amqpPort, to: pabal.port, queue: 'orders' })
      await withChannel(rabbitmqUrl, (channel) => channel.deleteQueue('orders'))
      await withChannel(pabal.url, (channel) => channel.deleteQueue('orders'))
    })

    it('moves a live queue by a command that is killed and given again', async () => {
      for (const url of [rabbitmqUrl, pabal.url]) {
        await withChannel(url, (channel) => channel.assertQueue('killed'))
      }
      const numbers: Numbers = { next: 1 }
      const publisher = await LivePublisher.start(rabbitmqUrl, 'killed', numbers)
      const consumer = await LiveConsumer.start(pabal.url, 'killed')
      const args = ['move', 'rabbitmq', '--data', pabal.dataFolder, '--from', rabbitmqUrl]
      const move = (): RunningCommand =>
        startPabal([...args, '--queue', 'killed', '--keep-running'])
      const isMoving = async (): Promise<void> => {
        const before = consumer.taken.length
        await waitFor('it moves', () => consumer.taken.length > before + someCount, shovelMs)
      }
      const killed = move()
      await isMoving()
      killed.child.kill('SIGKILL')
      await killed.ended
      const again = move()
      await isMoving()
      await publisher.stop()
      const published = numbers.next - 1
      const ids = (): Set<number> => new Set(consumer.taken.map(({ id }) => id))
      await waitFor('all', () => ids().size >= published, shovelMs)
      again.child.kill('SIGINT')
      const { code, stderr } = await again.ended
      assert.equal(code, exitCodes.ok, stderr)
      await consumer.stop()
      assert.deepEqual(ids(), new Set(range(1, published)))
      assert.ok(consumer.taken.length <= published + moveLimits.chunkCountMax)
      assert.equal(await count(rabbitmqUrl, 'killed'), 0)
      for (const { id, properties } of consumer.taken) assertProperties(id, properties)
    })

    it('moves the messages of a live queue there and back', async () => {
      const urls = [rabbitmqUrl, pabal.url]
      await withChannel(rabbitmqUrl, (channel) => channel.assertQueue('orders'))
      const quorum = { arguments: { 'x-queue-type': 'quorum' } }
      await withChannel(pabal.url, (channel) => channel.assertQueue('orders', quorum))
      const numbers: Numbers = { next: 1 }
      const taken: Taken[] = []
      const isPublishing = async (): Promise<void> => {
        const from = numbers.next
        await waitFor('publishes', () => numbers.next > from + someCount, shovelMs)
      }
      const isConsuming = (consumer: LiveConsumer): Promise<unknown> =>
        waitFor('deliveries', () => consumer.taken.length > someCount, shovelMs)
      const stop = async (consumer: LiveConsumer): Promise<void> => {
        await consumer.stop()
        taken.push(...consumer.taken)
      }

      let publisher = await LivePublisher.start(rabbitmqUrl, 'orders', numbers)
      await waitFor('a backlog', () => numbers.next > backlogCount, shovelMs)
      let consumer = await LiveConsumer.start(rabbitmqUrl, 'orders')
      await isConsuming(consumer)

      for (const [shovel, to] of [
        ['move-orders', 1],
        ['back-orders', 0],
      ] as const) {
        await blocks.run(`set_parameter shovel ${shovel}`)
        if (shovel === 'move-orders') await isRunning(shovel)
        await stop(consumer)
        consumer = await LiveConsumer.start(urls[to]!, 'orders')
        await isConsuming(consumer)
        await publisher.stop()
        publisher = await LivePublisher.start(urls[to]!, 'orders', numbers)
        await isPublishing()
        await waitFor('the other one is empty', () => isEmpty(blocks, shovel), shovelMs)
        await blocks.run(`clear_parameter shovel ${shovel}`)
      }

      await publisher.stop()
      const published = numbers.next - 1
      await waitFor('all', () => taken.length + consumer.taken.length >= published, shovelMs)
      await stop(consumer)
      for (const url of urls) assert.equal(await count(url, 'orders'), 0)
      const inOrder = taken.toSorted((a, b) => a.id - b.id)
      assert.deepEqual(
        inOrder.map(({ id }) => id),
        range(1, published),
      )
      for (const { id, properties } of inOrder) assertProperties(id, properties)
    })

    it('keeps routing keys where a fanout exchange leads to the queue', async () => {
      await withChannel(rabbitmqUrl, async (channel) => {
        await channel.assertQueue('invoices')
        await channel.assertExchange('shop', 'topic')
        await channel.bindQueue('invoices', 'shop', '#')
        channel.publish('shop', 'invoice.paid', Buffer.from('1'), { persistent: true })
        await channel.waitForConfirms()
      })
      await withChannel(pabal.url, async (channel) => {
        await channel.assertQueue('invoices')
        await channel.assertExchange('move.invoices', 'fanout')
        await channel.bindQueue('invoices', 'move.invoices', '')
      })
      await blocks.run('set_parameter shovel move-invoices')
      await waitFor('a message', async () => (await count(pabal.url, 'invoices')) === 1, shovelMs)
      await withChannel(pabal.url, async (channel) => {
        const message = await channel.get('invoices', { noAck: true })
        assert.equal(message && message.fields.routingKey, 'invoice.paid')
      })
    })

    it('copies a stream from its beginning', async () => {
      const stream = { arguments: { 'x-queue-type': 'stream' } }
      await withChannel(pabal.url, (channel) => channel.assertQueue('events', stream))
      await withChannel(rabbitmqUrl, async (channel) => {
        await channel.assertQueue('events', stream)
        for (const id of range(1, someCount)) channel.sendToQueue('events', Buffer.from(`${id}`))
        await channel.waitForConfirms()
      })
      const isAllThere = waitFor(
        'all events',
        async () => (await count(pabal.url, 'events')) === someCount,
        shovelMs,
      )
      await blocks.run('set_parameter shovel move-events')
      await isAllThere
      await blocks.run('clear_parameter shovel move-events')
    })

    it('has no command that was not run', async () => {
      assert.match(await blocks.run('curl'), /"name":"orders"/)
      assert.deepEqual(blocks.unused, [])
    })
  },
)

/** What step 4 looks at: nothing is ready or unacked where the messages come from. */
async function isEmpty(blocks: PageBlocks, shovel: string): Promise<boolean> {
  const counts = await blocks.run('rabbitmqctl list_queues')
  const isFromRabbitmq = shovel === 'move-orders'
  return (isFromRabbitmq ? /^orders\t0\t0\t1$/m : /^\/ +orders +quorum +0 +0 +1$/m).test(counts)
}

function assertProperties(id: number, properties: Taken['properties']): void {
  const { 'x-delivery-count': _, ...headers } = properties.headers ?? {}
  const given = Object.entries(properties).filter(([, value]) => value !== undefined)
  assert.deepEqual({ ...Object.fromEntries(given), headers }, propertiesOf(id))
}
