// The page of the demo: begun, looked at, tried and ended from there.
import assert from 'node:assert/strict'
import type { DemoJson } from '../../src/admin/v1/demo-operations.ts'
import { waitFor } from '../support/wait-for.ts'
import { expectAccessible } from './support/axe.ts'
import { openUi } from './support/open-ui.ts'

const ui = openUi()
/** Few orders die, and a busy machine makes few. */
const diedMsMax = 60_000

async function demo(): Promise<DemoJson> {
  return (await ui.ask('GET', '/v1/demo')) as DemoJson
}

ui.test('before it begins the page says what it does and what it makes', async (open) => {
  const page = await open('/demo')
  await page.getByText('It takes them away after ten minutes').waitFor()
  await expectAccessible(page)
})

ui.test('a button begins it, orders come by, and a button ends it', async (open) => {
  const page = await open('/demo')
  await page.getByRole('button', { name: 'Start the demo' }).click()
  await page
    .getByRole('region', { name: 'The last ten orders' })
    .getByText('paid')
    .first()
    .waitFor()
  await page.getByText(/orders so far, each published once; \d+ min/).waitFor()
  await page
    .getByText(/\d+ behind/)
    .first()
    .waitFor()
  await expectAccessible(page)

  await page.getByRole('button', { name: 'Replay' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText(/Makes what demo\.billing has acked/).waitFor()
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Replay since the start' }).click()
  await page.getByText(/orders are ready again/).waitFor()

  await page.getByRole('button', { name: 'End the demo' }).click()
  await page.getByText('The last one has ended: it was ended').waitFor()
  assert.equal((await demo()).state, 'off')
})

ui.test('what died is sent back from there, on a phone and in the dark, too', async (open) => {
  await ui.ask('POST', '/v1/demo', {})
  const page = await open('/demo', { width: 390, theme: 'dark' })
  const died = async (): Promise<number | undefined> => (await demo()).picture?.rejected
  const rejected = await waitFor('an order dies', died, diedMsMax)
  assert.ok(rejected > 0)
  const redrive = page.getByRole('button', { name: 'Redrive', exact: true })
  await redrive.click()
  await page.getByRole('button', { name: 'Redrive to demo.billing' }).click()
  await page.getByText('What was in demo.dead is on its way back').waitFor()
  await expectAccessible(page)
  const width = await page.evaluate('document.documentElement.scrollWidth')
  assert.equal(width, 390)
  await ui.ask('DELETE', '/v1/demo')
})

ui.test('what is in its way is told', async (open) => {
  ui.expectProblems(/409/)
  await ui.ask('PUT', '/queues/%2F/demo.dead', { durable: true })
  const page = await open('/demo')
  await page.getByRole('button', { name: 'Start the demo' }).click()
  await page.getByText("there is a queue 'demo.dead' that is not the demo's").waitFor()
})
