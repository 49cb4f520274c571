import assert from 'node:assert/strict'
import { openUi } from './support/open-ui.ts'

const ui = openUi()

ui.test('it opens', async (open) => {
  const page = await open('/')
  assert.match(await page.title(), /Pabal/)
})
