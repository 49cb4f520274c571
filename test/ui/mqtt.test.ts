// Sessions, retained messages and the filter tester of MQTT in the UI.
import assert from 'node:assert/strict'
import { after } from 'node:test'
import mqtt, { type MqttClient } from 'mqtt'
import { expectAccessible } from './support/axe.ts'
import { openUi, type UiUnderTest } from './support/open-ui.ts'

const clients: MqttClient[] = []
after(() => Promise.all(clients.map((client) => client.endAsync(true))))

async function connect(ui: UiUnderTest, clientId: string): Promise<MqttClient> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${ui.broker.mqttPort}`, {
    protocolVersion: 5,
    clientId,
    clean: false,
    username: 'guest',
    password: 'guest',
    reconnectPeriod: 0,
    properties: { sessionExpiryInterval: 3600 },
  })
  client.on('error', () => undefined)
  clients.push(client)
  return client
}

let hub: MqttClient

async function prepare(ui: UiUnderTest): Promise<void> {
  hub = await connect(ui, 'hub')
  await hub.subscribeAsync({ 'home/#': { qos: 1 }, '$share/workers/jobs/#': { qos: 1 } })
  const phone = await connect(ui, 'phone')
  await phone.subscribeAsync('home/+/heat', { qos: 1 })
  await phone.endAsync()
  for (const room of ['bath', 'kitchen']) {
    await hub.publishAsync(`home/${room}/heat`, '20', { qos: 1, retain: true })
  }
}

const ui = openUi({ prepare, flags: ['--mqtt-port', '0'] })

ui.test('sessions are listed, and one is looked at and deleted', async (open) => {
  const page = await open('/mqtt')
  await page.getByText('2 messages wait for one of them.').waitFor()
  await page.getByRole('row', { name: /hub.*connected/ }).waitFor()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'waiting', exact: true }).click()
  await page.getByRole('row', { name: /hub/ }).waitFor({ state: 'detached' })
  await page.locator('.table-row', { hasText: 'phone' }).click()
  const panel = page.getByRole('complementary', { name: 'Session phone' })
  await panel.getByText('home/+/heat').waitFor()
  await panel.getByText('2 queued, 0 in flight').waitFor()
  await expectAccessible(page)
  await panel.getByRole('button', { name: 'Delete the session …' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText(/Deletes 1 session with 1 subscription and 2 messages/).waitFor()
  await dialog.getByText('pabal mqtt delete phone').waitFor()
  await dialog.getByRole('button', { name: 'Delete phone' }).click()
  await panel.getByText('No such session').waitFor()
})

ui.test('the tree of retained messages is live', async (open) => {
  const page = await open('/mqtt?tab=topics', { width: 390, theme: 'dark' })
  await page.getByRole('button', { name: 'Open home', exact: true }).click()
  await page.getByRole('button', { name: 'Open home/bath', exact: true }).click()
  await page.getByText('20', { exact: true }).waitFor()
  await hub.publishAsync('home/bath/heat', '23', { qos: 1, retain: true })
  await page.getByText('23', { exact: true }).waitFor()
  const width = Number(await page.evaluate('document.documentElement.scrollWidth'))
  assert.ok(width <= 390, `the page is ${width} pixels wide`)
  await page.getByRole('button', { name: 'heat', exact: true }).click()
  const panel = page.getByRole('complementary', { name: 'Retained message of home/bath/heat' })
  await panel.getByText('home.bath.heat').waitFor()
  await expectAccessible(page)
})

ui.test('a filter is tested, and says where it parts from a topic', async (open) => {
  const page = await open('/mqtt?tab=test')
  await page.getByLabel('Topic filter').fill('home/+/Heat')
  await page.getByLabel('Topic', { exact: true }).fill('home/bath/heat')
  await page.getByText('No, it does not.').waitFor()
  await page.getByText(/Level 3 is 'heat' in the topic and 'Heat' in the filter/).waitFor()
  await page.getByRole('link', { name: 'hub' }).waitFor()
  await page.getByLabel('Topic filter').fill('home/+/heat')
  await page.getByText('Yes, the filter has the topic.').waitFor()
  await expectAccessible(page)
  await page.getByRole('link', { name: 'Shared subscriptions' }).click()
  await page.getByRole('row', { name: /workers.*jobs\/#.*1 of 1/ }).waitFor()
})

ui.test(
  'queues of sessions and shared subscriptions are MQTT’s in the list of all',
  async (open) => {
    const page = await open('/streams')
    for (const name of ['mqtt-subscription-hubqos1', '$share/workers/jobs/#', 'mqtt-retained']) {
      const row = page.locator('.table-row', { hasText: name })
      await row.locator('abbr', { hasText: 'MQ' }).waitFor()
      assert.deepEqual(await row.locator('.badge-protocol').allTextContents(), ['MQ'], name)
    }
  },
)
