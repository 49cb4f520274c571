// Settings with where each is from, definitions with a look before, policies, and who changed what.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { expectAccessible } from './support/axe.ts'
import { openUi, type UiUnderTest } from './support/open-ui.ts'

const ui = openUi({ prepare })

async function prepare(made: UiUnderTest): Promise<void> {
  for (const name of ['shop.1', 'shop.2', 'orders']) {
    await made.ask('PUT', `/queues/%2F/${name}`, { durable: true })
  }
  await made.ask('PUT', '/users/shop', { password: 'secret', tags: '' })
  await made.ask('PUT', '/policies/%2F/limit', {
    pattern: '^shop',
    definition: { 'max-length': 10_000 },
    'apply-to': 'queues',
    priority: 1,
  })
}

const file = {
  vhosts: [{ name: '/' }, { name: 'archive' }],
  users: [{ name: 'shop', password: 'secret', tags: ['monitoring'] }],
  policies: [
    {
      vhost: '/',
      name: 'limit',
      pattern: '^shop',
      'apply-to': 'queues',
      priority: 1,
      definition: { 'max-length': 5000 },
    },
  ],
  queues: [
    { name: 'orders', vhost: '/', durable: false, auto_delete: false, arguments: {} },
    { name: 'refunds', vhost: '/', durable: true, auto_delete: false, arguments: {} },
  ],
}

ui.test('each setting says where it is from and what it is for', async (open) => {
  const page = await open('/settings')
  const table = page.getByRole('region', { name: 'Settings' })
  await table.getByText('--http-port').waitFor()
  await page.getByRole('button', { name: 'Only what was given' }).click()
  await table.getByText('heartbeat', { exact: true }).waitFor({ state: 'detached' })
  await page.getByLabel('Filter settings').fill('kafka-port')
  await table.getByText('kafka-port', { exact: true }).waitFor()
  assert.equal(await table.getByRole('row').count(), 2)
  await expectAccessible(page)
})

ui.test('a file of definitions shows what it would change, and is imported then', async (open) => {
  const page = await open('/settings?tab=definitions')
  const buffer = Buffer.from(JSON.stringify(file))
  const chosen = { name: 'other.json', mimeType: 'application/json', buffer }
  await page.locator('#definitions-file').setInputFiles(chosen)
  await page.getByText('definition.max-length: 10000 → 5000').waitFor()
  await page.getByText('tags: [] → ["monitoring"]').waitFor()
  await page.getByText("received 'false' but current is 'true'").waitFor()
  await expectAccessible(page)
  const before = (await ui.ask('GET', '/vhosts?columns=name')) as unknown[]
  assert.equal(before.length, 1)
  await page.getByRole('button', { name: 'Import: add 2, change 2' }).click()
  await page.getByRole('button', { name: 'Import the file' }).click()
  await page.getByText('2 added').waitFor()
  const policy = (await ui.ask('GET', '/policies/%2F/limit')) as { readonly definition: object }
  assert.deepEqual(policy.definition, { 'max-length': 5000 })
  await ui.ask('GET', '/queues/%2F/refunds')
})

ui.test('what is no file of definitions is refused with the reason', async (open) => {
  ui.expectProblems(/400/)
  const page = await open('/settings?tab=definitions')
  const chosen = { name: 'x.json', mimeType: 'application/json', buffer: Buffer.from('{"a": 1}') }
  await page.locator('#definitions-file').setInputFiles(chosen)
  await page.getByRole('alert').filter({ hasText: 'these are no definitions' }).waitFor()
})

ui.test('definitions are downloaded as a file', async (open) => {
  const page = await open('/settings?tab=definitions')
  const coming = page.waitForEvent('download')
  await page.getByRole('link', { name: 'Download pabal.json' }).click()
  const download = await coming
  assert.equal(download.suggestedFilename(), 'pabal.json')
  const { product_name: product } = JSON.parse(
    await readFile(await download.path(), 'utf8'),
  ) as Record<string, unknown>
  assert.equal(product, 'Pabal')
})

ui.test('a policy is written with a look at what it would be for', async (open) => {
  const page = await open('/settings?tab=policies')
  await page.getByRole('button', { name: 'Add a policy' }).click()
  const panel = page.getByRole('complementary', { name: 'A new policy' })
  await panel.getByLabel('Name', { exact: true }).fill('expiry')
  await panel.getByLabel('Pattern for names').fill('^')
  await panel.getByText(/Fits \d of \d streams, in force for \d of them\./).waitFor()
  await panel.getByText('limit stays in force').first().waitFor()
  await panel.getByLabel('What it gives, as JSON').fill('{"message-ttl": "soon"}')
  await panel.getByRole('alert').waitFor()
  await panel.getByRole('button', { name: 'let messages expire' }).click()
  await panel.getByLabel(/^Priority/).fill('2')
  await panel.getByText(/Fits \d of \d streams\./).waitFor()
  await expectAccessible(page)
  await panel.getByRole('button', { name: 'Set the policy' }).click()
  await page.getByRole('region', { name: 'Policies' }).getByText('message-ttl 3600000').waitFor()
  const { definition } = (await ui.ask('GET', '/policies/%2F/expiry')) as { definition: object }
  assert.deepEqual(definition, { 'message-ttl': 3_600_000 })
})

ui.test('changes are listed with who made them, and filtered', async (open) => {
  const page = await open('/settings?tab=changes')
  await page.getByLabel('Filter by path').fill('users')
  const table = page.getByRole('region', { name: 'Changes, the newest first' })
  await table.getByText('users shop').waitFor()
  await table.getByText('queues / orders').waitFor({ state: 'detached' })
  await expectAccessible(page)
})

ui.test('about says what runs, also in a narrow window', async (open) => {
  const page = await open('/settings?tab=about', { width: 390, theme: 'dark' })
  await page.getByText('which AMQP clients know as RabbitMQ').waitFor()
  await expectAccessible(page)
})
