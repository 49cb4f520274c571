// Home: a broker that is empty, one in which something is wrong, and one whose publishers wait.
import assert from 'node:assert/strict'
import { type ChannelModel, connect } from 'amqplib'
import type { HomeJson } from '../../src/admin/v1/home/home-json.ts'
import { waitFor } from '../support/wait-for.ts'
import { expectAccessible } from './support/axe.ts'
import { openUi } from './support/open-ui.ts'

const ui = openUi()

async function withClient(run: (client: ChannelModel) => Promise<void>): Promise<void> {
  const client = await connect(`amqp://127.0.0.1:${ui.broker.port}`)
  try {
    await run(client)
  } finally {
    await client.close()
  }
}

/** Counts the pixels of the first chart that are not grey, two frames from now. */
const colouredInChart = `(async () => {
  const nextFrame = () => new Promise((done) => requestAnimationFrame(done))
  await nextFrame()
  await nextFrame()
  const canvas = document.querySelector('.chart canvas')
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  let count = 0
  for (let at = 0; at < data.length; at += 4) {
    const [red, green, blue, alpha] = data.subarray(at, at + 4)
    if (alpha > 100 && Math.max(red, green, blue) - Math.min(red, green, blue) > 60) count++
  }
  return count
})()`

ui.test('an empty broker says so, and how to send the first message', async (open) => {
  const page = await open('/')
  await page.getByRole('heading', { name: /Ready, and empty/ }).waitFor()
  const code = page.getByLabel(/hello-amqp.mjs/)
  await code.getByText(`127.0.0.1:${ui.broker.port}'`).first().waitFor()
  await page.getByRole('button', { name: 'Kafka', exact: true }).click()
  await page.getByRole('button', { name: 'Python', exact: true }).click()
  await page.waitForURL(/protocol=kafka&language=python/)
  await page.getByText('confluent_kafka').first().waitFor()
  await page.getByText('Waiting for the first message in greetings').waitFor()
  await expectAccessible(page)
})

ui.test('what is wrong is the headline, and its name leads to it', async (open) => {
  await withClient(async (client) => {
    const channel = await client.createConfirmChannel()
    await channel.assertQueue('orders')
    const { consumerTag } = await channel.consume('orders', () => undefined)
    await channel.cancel(consumerTag)
    for (let sent = 0; sent < 1200; sent++) channel.sendToQueue('orders', Buffer.from('order'))
    await channel.waitForConfirms()
    const page = await open('/')
    const sending = setInterval(() => channel.sendToQueue('orders', Buffer.from('order')), 20)
    try {
      const heading = page.getByRole('heading', { name: /orders grows by .* nobody consumes it/ })
      // Growth takes two samples, which are five seconds apart, and two looks.
      await heading.waitFor({ timeout: 60_000 })
      await heading.getByRole('img', { name: 'Look soon' }).waitFor()
    } finally {
      clearInterval(sending)
    }
    await page.getByText('Ready', { exact: true }).waitFor()
    await expectAccessible(page)
    await waitFor('three samples', async () => {
      const { history } = (await ui.ask('GET', '/v1/home')) as HomeJson
      return (history?.times.length ?? 0) >= 3
    })
    await page.reload()
    await page.locator('.chart canvas').waitFor()
    assert.ok(Number(await page.evaluate(colouredInChart)) > 0, 'lines are drawn at once')
    await page.getByRole('heading', { level: 1 }).getByRole('link', { name: 'orders' }).click()
    await page.waitForURL(/\/stream\?vhost=\/&name=orders$/)
  })
})

ui.test(
  'messages that died are told of with why they did, and lead to dead letters',
  async (open) => {
    await withClient(async (client) => {
      const channel = await client.createConfirmChannel()
      await channel.assertQueue('dead')
      await channel.assertQueue('billing', { deadLetterExchange: '', deadLetterRoutingKey: 'dead' })
      for (let sent = 0; sent < 3; sent++) channel.sendToQueue('billing', Buffer.from('bill'))
      await channel.waitForConfirms()
      await channel.consume('billing', (message) => message && channel.nack(message, false, false))
      const page = await open('/', { width: 390, theme: 'dark' })
      await page.getByText(/3 messages died in the .* since the start: rejected/).waitFor()
      await page.getByRole('link', { name: 'See what died' }).first().click()
      await page.waitForURL(/\/deaths$/)
    })
  },
)
