// How long the disk will do, what takes it, and a broker without clients.
import assert from 'node:assert/strict'
import { expectAccessible } from './support/axe.ts'
import { openUi } from './support/open-ui.ts'
import { makeSomething } from './support/pages.ts'

const ui = openUi({
  async prepare(made) {
    await makeSomething(made)
    await made.publish('orders', 'x'.repeat(100_000))
  },
})

ui.test('the sentence, the largest streams and the log', async (open) => {
  const page = await open('/storage')
  await page.getByText('free; how long it will do shows in some minutes').waitFor()
  const rows = page.getByRole('region', { name: 'Largest streams' }).getByRole('row')
  await rows.nth(1).getByText('orders').waitFor()
  assert.match((await rows.nth(1).textContent()) ?? '', /orders.*KiB.*until acked/)
  await page.getByText('on the disk: it survives a power cut (fsync)').waitFor()
  await page.getByText('half are done in').waitFor()
  await expectAccessible(page)
})

ui.test('a backup has a command that is copied, and the last one is told', async (open) => {
  const page = await open('/storage')
  await page.getByText('none since the start').waitFor()
  await page.getByRole('button', { name: 'Take a backup' }).click()
  const dialog = page.getByRole('dialog', { name: 'Take a backup' })
  await dialog.getByText(`pabal backup pabal.tar --url ${ui.url} --user admin`).waitFor()
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Close' }).click()
  const backup = await fetch(`${ui.url}/api/v1/backup`)
  const { byteLength } = await backup.arrayBuffer()
  assert.ok(byteLength > 100_000)
  await page.getByText(/KiB, (?:now|\d+ s ago)/).waitFor()
})

ui.test('a broker is drained and lets clients in again', async (open) => {
  const page = await open('/storage')
  await page.getByRole('button', { name: 'Drain' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('without losing a message').waitFor()
  await dialog.getByRole('button', { name: 'Drain the broker' }).click()
  await page.getByText('Clients are kept out').waitFor()
  assert.deepEqual(await ui.ask('GET', '/v1/maintenance'), { maintenance: true })
  await page.getByRole('button', { name: 'Let clients in again' }).click()
  await page.getByRole('button', { name: 'Drain' }).waitFor()
  assert.deepEqual(await ui.ask('GET', '/v1/maintenance'), { maintenance: false })
})

ui.test('a narrow window shows the same', async (open) => {
  const page = await open('/storage', { width: 390, theme: 'dark' })
  await page.getByText('What takes the disk').waitFor()
  await expectAccessible(page)
})
