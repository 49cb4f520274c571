// First steps: each program is shown with this broker's address, and the page sees its message arrive.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { waitFor } from '../support/wait-for.ts'
import { expectAccessible } from './support/axe.ts'
import { openUi } from './support/open-ui.ts'

const snippets = join(import.meta.dirname, '../../docs/snippets')

const ui = openUi({ flags: ['--mqtt-ws-port', '0'] })

ui.test(
  'each program is that of the documentation, with the ports of this broker',
  async (open) => {
    const page = await open('/start')
    const shown = async (): Promise<string> =>
      (await page.locator('.first-steps pre').textContent()) ?? ''
    const { port, kafkaPort, httpPort } = ui.broker
    const rows = [
      ['AMQP', 'Java', 'HelloAmqp.java', 'localhost:5672', port],
      ['Kafka', 'Go', 'hello-kafka.go', 'localhost:9092', kafkaPort],
      ['HTTP', 'curl', 'hello-http.sh', 'localhost:15672', httpPort],
      ['Command line', undefined, 'hello-pabal.sh', 'localhost:15672', httpPort],
    ] as const
    for (const [protocol, language, file, usual, own] of rows) {
      await page.getByRole('button', { name: protocol, exact: true }).click()
      if (language !== undefined) {
        await page.getByRole('button', { name: language, exact: true }).click()
      }
      const code = readFileSync(join(snippets, file), 'utf8')
      const here = code.replaceAll(usual, `127.0.0.1:${own}`)
      await waitFor('it has this broker’s port', async () => (await shown()).includes(`:${own}`))
      assert.equal(await shown(), here)
    }
    await expectAccessible(page)
  },
)

ui.test('the page says that the first message has arrived', async (open) => {
  const page = await open('/start?protocol=http', { width: 390 })
  await page.getByText('Waiting for the first message in notes').waitFor()
  await ui.ask('PUT', '/queues/%2F/notes', { durable: true })
  await ui.publish('notes', 'Hello, Pabal')
  await page.getByText(/notes is there: 1 sent since the start, 1 in it/).waitFor()
  await page.getByRole('link', { name: 'Look at its messages' }).click()
  await page.waitForURL(/\/stream\/messages\?vhost=\/&name=notes/)
})

ui.test('the listeners stand there with buttons that copy them', async (open) => {
  const page = await open('/start')
  await page.getByText(`kafka://127.0.0.1:${ui.broker.kafkaPort}`).waitFor()
  await page.getByRole('button', { name: 'Copy address of amqp', exact: true }).waitFor()
  // The path that RabbitMQ's have.
  await page.getByText(/^ws:\/\/127\.0\.0\.1:\d+\/ws$/).waitFor()
  await page.getByText('MQTT over WebSocket').waitFor()
  await page.getByRole('link', { name: 'Open the demo' }).click()
  await page.waitForURL(/\/demo$/)
})
