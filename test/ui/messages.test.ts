// The page of messages: traffic of AMQP and Kafka as people see it, and what they do with it.
import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import amqp, { type ConfirmChannel } from 'amqplib'
import { Kafka, logLevel } from 'kafkajs'
import type { Page } from 'playwright-core'
import { waitFor } from '../support/wait-for.ts'
import { expectAccessible } from './support/axe.ts'
import { openUi, type UiUnderTest, whenLive } from './support/open-ui.ts'

const ui = openUi({ prepare })

const orders = '/stream/messages?vhost=%2F&name=orders'
const deadArguments = {
  'x-dead-letter-exchange': '',
  'x-dead-letter-routing-key': 'orders.dead',
  'x-retention-ms': 3_600_000,
}

async function prepare({ broker, ask }: UiUnderTest): Promise<void> {
  const connection = await amqp.connect(broker.url)
  const channel = await connection.createConfirmChannel()
  await channel.assertQueue('orders.dead')
  await channel.assertQueue('orders', { arguments: deadArguments })
  await publishOrders(channel)
  await publishOdd(channel)
  await channel.prefetch(4)
  await killSome(channel)
  await channel.close()
  await connection.close()
  await ask.call(ui, 'PUT', '/queues/%2F/elsewhere', { durable: true })
  await publishByKafka(`127.0.0.1:${broker.kafkaPort}`)
}

/** 0 to 119. */
async function publishOrders(channel: ConfirmChannel): Promise<void> {
  for (let id = 0; id < 120; id++) {
    const order = { id, customer: { vip: id % 10 === 0 }, total: '12345678901234567890' }
    const options = {
      persistent: true,
      contentType: 'application/json',
      messageId: `order-${id}`,
      headers: { tenant: id % 2 === 0 ? 'acme' : 'globex' },
    }
    channel.sendToQueue('orders', Buffer.from(JSON.stringify(order)), options)
  }
  await channel.waitForConfirms()
}

const odd = {
  empty: { place: 120, body: Buffer.alloc(0) },
  binary: { place: 121, body: Buffer.from([0xff, 0xfe, 0, 1, 65]) },
  msgpack: { place: 122, body: Buffer.from('82a2696401a46e616d65a3596921', 'hex') },
  gzip: { place: 123, body: gzipSync(JSON.stringify({ was: 'packed' })) },
  deep: { place: 124, body: Buffer.from(`${'['.repeat(100)}"deep"${']'.repeat(100)}`) },
  framed: { place: 125, body: Buffer.from('000000002a00089601', 'hex') },
  huge: {
    place: 126,
    body: Buffer.from(JSON.stringify(Array(200_000).fill('a text of some size'))),
  },
} as const

/** 120 to 127. */
async function publishOdd(channel: ConfirmChannel): Promise<void> {
  for (const { body } of Object.values(odd)) channel.sendToQueue('orders', body)
  const headers = Object.fromEntries(Array.from({ length: 3000 }, (_, at) => [`h${at}`, `v${at}`]))
  channel.sendToQueue('orders', Buffer.from('headers'), { headers })
  await channel.waitForConfirms()
}

/** The first is acked, the second and third die, and the fourth comes back. */
async function killSome(channel: ConfirmChannel): Promise<void> {
  for (const end of ['ack', 'die', 'die'] as const) {
    const message = await channel.get('orders')
    assert.ok(message !== false)
    if (end === 'ack') channel.ack(message)
    else channel.nack(message, false, false)
  }
}

async function publishByKafka(broker: string): Promise<void> {
  const kafka = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic: 'events', numPartitions: 3 }] })
  await admin.disconnect()
  const producer = kafka.producer()
  await producer.connect()
  for (let at = 0; at < 9; at++) {
    const messages = [{ key: `k${at}`, value: `event ${at}`, partition: at % 3 }]
    await producer.send({ topic: 'events', messages })
  }
  await producer.disconnect()
}

const list = (page: Page): ReturnType<Page['getByRole']> =>
  page.getByRole('region', { name: 'Messages' })

/** Waits for the first of them. */
async function rowsOf(page: Page): Promise<void> {
  await list(page).locator('tbody .message-line').first().waitFor()
}

/** Offsets in the list, as they stand there. */
function places(page: Page): Promise<string[]> {
  return list(page).locator('tbody .table-row td:nth-child(2)').allInnerTexts()
}

ui.test('the newest stand first, with state, key and the start of their payload', async (open) => {
  const page = await open(orders)
  await rowsOf(page)
  assert.deepEqual((await places(page)).slice(0, 3), ['127', '126', '125'])
  const row = list(page).getByRole('row', { name: '"id":119' })
  assert.match(await row.innerText(), /ready/)
  await page.getByRole('button', { name: 'Oldest first' }).click()
  await whenLive(page)
  await list(page).getByRole('row', { name: '"id":3,' }).waitFor()
  await page.getByLabel('From this place on').fill('first')
  await page.keyboard.press('Enter')
  const first = list(page).getByRole('row', { name: '"id":0,' })
  assert.match(await first.innerText(), /acked/)
  await expectAccessible(page)
})

ui.test('a message opens beside the list by keys, and its payload is a tree', async (open) => {
  const page = await open(`${orders}&from=120`)
  await rowsOf(page)
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  const one = page.getByRole('complementary', { name: 'Message 119' })
  const tree = one.getByRole('tree')
  await tree.getByRole('treeitem', { name: 'id: 119' }).waitFor()
  await tree.focus()
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowLeft']) await page.keyboard.press(key)
  assert.equal(await tree.getByText('vip').count(), 1, 'in the line of what is folded')
  await one.getByLabel('Find in the payload').fill('vip')
  await tree.getByRole('treeitem', { name: 'vip: false' }).waitFor()
  await one.getByText('1 of 1').waitFor()
  await one.getByRole('tab', { name: /headers/ }).click()
  await one.getByRole('row', { name: 'tenant' }).getByText('globex').waitFor()
  await one.getByText('order-119').waitFor()
  await expectAccessible(page)
  await page.keyboard.press('Escape')
  await one.waitFor({ state: 'detached' })
})

ui.test('payloads of any kind are shown as what they are', async (open) => {
  const page = await open(`${orders}&at=${odd.empty.place}`)
  const see = async (
    which: keyof typeof odd,
    ...texts: readonly (string | RegExp)[]
  ): Promise<void> => {
    await list(page)
      .getByRole('row', { name: String(odd[which].place) })
      .first()
      .click()
    const one = page.getByRole('complementary', { name: `Message ${odd[which].place}` })
    for (const text of texts) await one.getByText(text).first().waitFor()
  }
  await see('empty', 'The payload is empty.')
  await see('binary', 'ff fe 00 01 41', /Binary · 5 B/)
  await see('msgpack', 'name', '"Yi!"', /MessagePack · 14 B/)
  await see('gzip', '"packed"', /unpacked from gzip/)
  await see('deep', '[1]', /JSON · UTF-8/)
  await see('framed', /schema 42/, '150')
  await see('huge', /the first 64.0 KiB are shown/, 'Load all 4.20 MiB')
  await page.getByRole('button', { name: /Load all/ }).click()
  await page.getByRole('treeitem', { name: '[200,000]' }).waitFor()
  await page.getByRole('button', { name: 'Hex' }).click()
  await page.getByText('00000000  5b').waitFor()
})

ui.test('thousands of headers are quick, and found', async (open) => {
  const page = await open(`${orders}&at=127&tab=headers`)
  await page.getByText('3,000 headers').waitFor()
  await page.getByLabel('Find a header').fill('h2999')
  await page.getByRole('row', { name: 'h2999' }).getByText('v2999').waitFor()
})

ui.test(
  'filters are written, are chips, and are in the URL; a value in the tree becomes one',
  async (open) => {
    const page = await open(orders)
    await page.keyboard.press('/')
    await page.keyboard.type('$.customer.vip = true')
    await page.keyboard.press('Enter')
    await page.getByText('12 messages found in 128, all that there are').waitFor()
    await page.keyboard.type('header.tenant = globex')
    await page.keyboard.press('Enter')
    await page.getByText('Nothing fits').waitFor()
    // Help on what to write would lie on the chips.
    assert.equal(await page.getByText('adds the filter; all of them must hold').isVisible(), false)
    await page.getByRole('button', { name: 'Remove filter header.tenant = globex' }).click()
    await page.reload()
    await page.getByText('12 messages found').waitFor()
    await list(page).getByRole('row', { name: '"id":110,' }).click()
    await page.getByRole('treeitem', { name: 'id: 110' }).click()
    await page.getByRole('button', { name: 'Find messages with this value' }).click()
    await page.getByText('1 message found').waitFor()
    await page.waitForURL(/110/)
    await page.getByLabel('Filter messages').fill('state = gone')
    await page.keyboard.press('Enter')
    await page.getByText(/States are/).waitFor()
  },
)

ui.test('partitions of Kafka are merged by time, and one can be chosen', async (open) => {
  const page = await open('/stream/messages?vhost=%2F&name=events')
  await rowsOf(page)
  assert.deepEqual((await places(page)).slice(0, 4), ['2.2', '1.2', '0.2', '2.1'])
  await list(page).getByRole('row', { name: 'k8' }).click()
  await page.getByText('event 8').last().waitFor()
  await page.getByLabel('Partition').selectOption('1')
  await waitFor('only that partition', async () => (await places(page)).length === 3)
  assert.deepEqual(await places(page), ['1.2', '1.1', '1.0'])
})

ui.test('deaths are told in their order, and dead letters go back by a job', async (open) => {
  const page = await open('/stream/messages?vhost=%2F&name=orders.dead&at=0&tab=deaths')
  await page.getByText('rejected by a consumer in').waitFor()
  await page
    .getByRole('checkbox', { name: /all|choose/i })
    .first()
    .check()
  await page.getByText('2 messages chosen').waitFor()
  await page.getByRole('toolbar').getByRole('button', { name: 'Redrive' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText(/Redrives 2 messages/).waitFor()
  await dialog.getByText(/^2 to/).first().waitFor()
  await expectAccessible(page)
  await dialog.getByRole('button', { name: /^Redrive 2 to / }).click()
  await page.getByText('Redrove 2 messages from orders.dead').waitFor()
  await page.getByText('It is not here any more').waitFor()
  ui.expectProblems(/404/)
  await page.getByRole('button', { name: /Undo: bring back 2 messages/ }).click()
  await page.getByText('Brought back 2 messages').waitFor()
})

ui.test('one is edited and published, another moved, a third deleted', async (open) => {
  const page = await open('/stream/messages?vhost=%2F&name=elsewhere')
  await page.getByText('No messages').waitFor()
  await page.keyboard.press('n')
  const panel = page.getByRole('complementary', { name: 'Publish a message' })
  await panel.getByLabel('Payload', { exact: true }).fill('first')
  await panel.getByRole('button', { name: 'Add a header' }).click()
  await panel.getByLabel('Name of the header').fill('tries')
  await panel.getByLabel('Type of tries').selectOption('signedint')
  await panel.getByLabel('Value of tries').fill('7')
  await panel.getByLabel('How many times').fill('3')
  await panel.getByRole('button', { name: 'Publish 3 messages' }).click()
  await panel.getByText('3 messages routed').waitFor()
  await panel.getByRole('button', { name: 'Close' }).first().click()
  await list(page).getByRole('row', { name: 'first' }).first().click()
  await page.getByRole('button', { name: 'Edit and publish' }).click()
  const edited = page.getByRole('complementary', { name: 'Publish it again, edited' })
  assert.equal(await edited.getByLabel('Value of tries').inputValue(), '7')
  await edited.getByLabel('Payload', { exact: true }).fill('second')
  await edited.getByRole('button', { name: 'Publish 1 message' }).click()
  await edited.getByText('1 message routed').waitFor()
  await edited.getByRole('button', { name: 'Close' }).first().click()
  await list(page).getByRole('row', { name: 'second' }).click()
  await page.keyboard.press('d')
  const dialog = page.getByRole('dialog')
  await dialog.getByText(/Deletes 1 message .* of elsewhere/).waitFor()
  await dialog.getByText('They cannot be brought back.').waitFor()
  await dialog.getByRole('button', { name: 'Delete 1 message' }).click()
  await page.getByText('Deleted 1 message from elsewhere').waitFor()
  await page.getByText('It is not here any more').waitFor()
  ui.expectProblems(/404/)
})

ui.test(
  'messages are followed as they come; what comes while it is paused is not left out',
  async (open) => {
    await ui.ask('PUT', '/queues/%2F/followed', { durable: true })
    const page = await open('/stream/messages?vhost=%2F&name=followed&live=1')
    await page.getByText('0 messages since you began').waitFor()
    await ui.publish('followed', 'one', 'two')
    await list(page).getByRole('row', { name: 'two' }).waitFor()
    assert.deepEqual(await places(page), ['1', '0'])
    await page.getByRole('button', { name: 'Pause' }).click()
    await ui.publish('followed', ...Array.from({ length: 50 }, (_, at) => `later ${at}`))
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByText('52 messages since you began').waitFor()
  },
)

ui.test('two are compared, line by line', async (open) => {
  const page = await open(`${orders}&from=120`)
  await rowsOf(page)
  for (const key of ['j', 'x', 'j', 'x']) await page.keyboard.press(key)
  await page.getByRole('button', { name: 'Compare' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('"id": 118').waitFor()
  await dialog.getByText('"id": 119').waitFor()
  await expectAccessible(page)
})

ui.test('who may not read sees the outside, and is told so', async (open) => {
  await ui.ask('PUT', '/users/ann', { password: 'ann', tags: 'management' })
  const rights = { configure: 'orders', write: '^$', read: '^$' }
  await ui.ask('PUT', '/permissions/%2F/ann', rights)
  const page = await open('/', { isBare: true })
  const authorization = `Basic ${Buffer.from('ann:ann').toString('base64')}`
  await page.setExtraHTTPHeaders({ authorization })
  await page.goto(`${ui.url}${orders}&at=119`)
  await page.getByText('You may not read this stream').waitFor()
  await page.getByText('The payload is for users with the right to read this stream').waitFor()
  await page.getByRole('tab', { name: /headers/ }).click()
  await page.getByText('globex').waitFor()
  ui.expectProblems(/401/)
})

ui.test(
  'on a phone, and in the dark, the list and one of its messages fill the window',
  async (open) => {
    const page = await open(orders, { width: 390, height: 844, theme: 'dark' })
    await list(page).getByRole('row', { name: '"id":119' }).click()
    await page.getByRole('treeitem', { name: 'id: 119' }).waitFor()
    const { width } = (await page
      .getByRole('complementary', { name: 'Message 119' })
      .boundingBox())!
    assert.equal(width, 390)
    await expectAccessible(page)
    assert.ok(await page.evaluate('document.documentElement.scrollWidth <= 390'))
  },
)

ui.test('an export is imported elsewhere, and is the same there', async (open) => {
  await ui.ask('PUT', '/queues/%2F/imported', { durable: true })
  const page = await open(`${orders}&filter=${encodeURIComponent('{"text":"\\"id\\":11"}')}`)
  await rowsOf(page)
  await page.getByRole('button', { name: 'What to do with all of them' }).click()
  const downloading = page.waitForEvent('download')
  await page.getByRole('menuitem', { name: 'Export what the filter finds' }).click()
  const file = await (await downloading).path()
  await page.goto(`${ui.url}/stream/messages?vhost=%2F&name=imported`)
  await page.getByRole('button', { name: 'What to do with all of them' }).click()
  await page.getByRole('menuitem', { name: 'Import NDJSON …' }).click()
  const dialog = page.getByRole('dialog')
  // Whoever thinks better of the file goes on in the dialog.
  await dialog.getByLabel(/A file of NDJSON/).dispatchEvent('cancel', { bubbles: true })
  await dialog.getByLabel(/A file of NDJSON/).setInputFiles(file)
  await dialog.getByRole('button', { name: 'Publish them' }).click()
  await dialog.waitFor({ state: 'detached' })
  await rowsOf(page)
  assert.equal((await places(page)).length, 11)
  await list(page).getByRole('row', { name: '"id":119' }).click()
  await page.getByRole('tab', { name: /headers/ }).click()
  await page.getByText('order-119').waitFor()
  await page.getByRole('row', { name: 'tenant' }).getByText('globex').waitFor()
})

ui.test('what was acked is replayed from a message on, and says by which command', async (open) => {
  const page = await open(`${orders}&from=first&order=oldest&at=0`)
  await page.getByRole('button', { name: 'More for this message' }).click()
  await page.getByRole('menuitem', { name: 'Replay from here' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('pabal queue rewind orders --to-offset 0').waitFor()
  await dialog.getByRole('button', { name: 'Replay from here' }).click()
  await page.getByText(/messages? ready again/).waitFor()
  const first = list(page).getByRole('row', { name: '"id":0,' })
  await first.getByText('ready').waitFor()
})

ui.test(
  'what is refused is told and asked again by the reader, not without an end',
  async (open) => {
    ui.expectProblems(/503/)
    const page = await open('/stream?vhost=%2F&name=orders')
    let asked = 0
    await page.route('**/api/v1/streams/*/*/messages?*', (route) => {
      asked++
      return route.fulfill({ status: 503, json: { error: 'no', reason: 'In maintenance' } })
    })
    await page.getByRole('link', { name: 'Messages' }).click()
    await page.getByText('In maintenance').waitFor()
    await page.getByText('No messages').waitFor({ state: 'detached' })
    assert.equal(asked, 1)
    await page.unrouteAll()
    await page.getByRole('button', { name: 'Ask again' }).click()
    await page.getByRole('row').nth(5).waitFor()
  },
)

ui.test('a name that a browser cannot send stops no page', async (open) => {
  await ui.ask('PUT', '/queues/%2F/..', { durable: true })
  const page = await open('/stream/messages?vhost=%2F&name=..', { isBare: true })
  await page.getByText('which a browser cannot send').waitFor()
})
