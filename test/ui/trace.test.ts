// Trace: a message is followed from its publisher to its end, and found where it is.
import amqp from 'amqplib'
import { expectAccessible } from './support/axe.ts'
import { openUi } from './support/open-ui.ts'

const ui = openUi({
  async prepare() {
    const dead = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'bills.dead' }
    await ui.ask('PUT', '/queues/%2F/bills', { durable: true, arguments: dead })
    await ui.ask('PUT', '/queues/%2F/bills.dead', { durable: true })
  },
})

async function publishAndReject(id: string): Promise<void> {
  const connection = await amqp.connect(ui.broker.url)
  const channel = await connection.createConfirmChannel()
  channel.sendToQueue('bills', Buffer.from('{"sum":7}'), { messageId: id })
  await channel.waitForConfirms()
  const message = await channel.get('bills', { noAck: false })
  if (message !== false) channel.nack(message, false, false)
  await channel.close()
  await connection.close()
}

ui.test('begins a trace, and shows a message as a timeline', async (open) => {
  const page = await open('/trace?message_id=bill-1')
  await page.getByText('Not in any of', { exact: false }).waitFor()
  await page.getByRole('button', { name: 'Trace it from now on' }).click()
  await page.getByText('Waits for the first message that fits.', { exact: false }).waitFor()
  await publishAndReject('bill-1')
  const story = page.getByRole('region', { name: 'Message 1' })
  await story.getByText('published to the default exchange with key bills').waitFor()
  await story.getByText('died: rejected').waitFor()
  await story.getByRole('link', { name: /^bills\.dead @/ }).waitFor()
  await story.getByText('in bills.dead').first().waitFor()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Stop the trace for message id bill-1' }).click()
  await page.getByText('stopped', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Delete the trace for message id bill-1' }).click()
  await page.getByText('None. Each runs for its time', { exact: false }).waitFor()
})

ui.test('finds where a message is, and how it died', async (open) => {
  await publishAndReject('bill-2')
  const page = await open('/trace?message_id=bill-2')
  const found = page.getByRole('region', { name: 'Where it is now' })
  await found.getByText('Found in 1 place.').waitFor()
  await found.getByRole('link', { name: 'bills.dead' }).waitFor()
  await found.getByText('died in bills: rejected').waitFor()
  await found.getByText('is not known without a trace', { exact: false }).waitFor()
  await expectAccessible(page)
})

ui.test('takes several conditions, and is read on a small screen', async (open) => {
  const page = await open('/trace', { width: 390, height: 844, theme: 'dark' })
  await page.getByRole('button', { name: 'header' }).click()
  await page.getByLabel('Header').fill('tenant')
  await page.getByText('header: write name=value').waitFor()
  await page.getByLabel('Header').fill('tenant=acme')
  await page.getByText('pabal trace start --header tenant=acme --seconds 600').waitFor()
  await expectAccessible(page)
})
