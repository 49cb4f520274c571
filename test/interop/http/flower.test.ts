// Flower, the page of Celery, shows queues by RabbitMQ's management API.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { connect } from 'amqplib'
import { TestBroker } from '../../support/start-test-broker.ts'
import { waitFor } from '../../support/wait-for.ts'
import { prepareFlower } from './flower.ts'

test('Flower shows the queue of Celery', { timeout: 300_000 }, async (context) => {
  const python = await prepareFlower()
  if ('missing' in python) {
    assert.notEqual(process.env['PABAL_REQUIRE_ALL'], '1', python.missing)
    return context.skip(python.missing)
  }
  await using broker = await TestBroker.start(['--http-port', '0'])
  // Flower asks for //, which is no virtual host to RabbitMQ either, where Celery's is `/`.
  const vhost = 'shop'
  await putVHost(broker, vhost)
  await sendThree(broker, vhost)

  const port = await freePort()
  const api = `http://guest:guest@127.0.0.1:${broker.httpPort}/api/`
  const address = ['--address=127.0.0.1', `--port=${port}`, `--broker-api=${api}`]
  const celery = ['-m', 'celery', `--broker=${broker.url}/${vhost}`, 'flower', ...address]
  const flower = spawn(python.command, [...python.args, ...celery], { stdio: 'ignore' })
  try {
    const row = await waitFor('the queue is shown', () => rowOf(port), 60_000)
    const cells = Array.from(row.matchAll(/<td[^>]*>\s*([^<]*?)\s*<\/td>/g), ([, cell]) => cell)
    // Name, all, unacknowledged, ready, consumers.
    assert.deepEqual(cells.slice(0, 5), ['celery', '3', '0', '3', '0'])
  } finally {
    await end(flower)
  }
})

async function putVHost(broker: TestBroker, vhost: string): Promise<void> {
  const url = `http://127.0.0.1:${broker.httpPort}/api/vhosts/${vhost}`
  assert.equal((await fetch(url, { method: 'PUT' })).status, 201)
}

async function sendThree(broker: TestBroker, vhost: string): Promise<void> {
  const connection = await connect(`${broker.url}/${vhost}`)
  const channel = await connection.createConfirmChannel()
  await channel.assertQueue('celery')
  for (let count = 0; count < 3; count++) channel.sendToQueue('celery', Buffer.from('task'))
  await channel.waitForConfirms()
  await connection.close()
}

/** What its page shows of the queue; undefined until it does. */
async function rowOf(port: number): Promise<string | undefined> {
  const page = await fetch(`http://127.0.0.1:${port}/broker`).catch(() => undefined)
  return /<tr id="celery">[^]*?<\/tr>/.exec((await page?.text()) ?? '')?.[0]
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { readonly port: number }
  server.close()
  await once(server, 'close')
  return port
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}
