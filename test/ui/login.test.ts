// The UI of a broker whose users log in.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import type { Page } from 'playwright-core'
import { expectAccessible } from './support/axe.ts'
import { openUi, whenLive } from './support/open-ui.ts'

const folder = mkdtempSync(join(tmpdir(), 'pabal-login-'))
after(() => rmSync(folder, { recursive: true }))
const passwordFile = join(folder, 'password')
writeFileSync(passwordFile, 'secret\n')

const ui = openUi({
  flags: ['--user', 'boss', '--password-file', passwordFile],
  login: 'boss:secret',
})

async function logIn(page: Page, user: string, password: string): Promise<void> {
  await page.getByLabel('User').fill(user)
  await page.getByLabel('Password').fill(password)
  await page.keyboard.press('Enter')
}

ui.test('a login is asked for on a page, and leads on to what was asked for', async (open) => {
  ui.expectProblems(/401/)
  const page = await open('/streams?sort=messages', { isBare: true })
  await page.getByLabel('Password').waitFor()
  await expectAccessible(page)
  await logIn(page, 'boss', 'wrong')
  await page.getByText('Not_Authorized').or(page.getByRole('alert')).first().waitFor()
  await logIn(page, 'boss', 'secret')
  await whenLive(page)
  assert.equal(new URL(page.url()).search, '?sort=messages')
  const [cookie] = await page.context().cookies()
  assert.deepEqual([cookie?.httpOnly, cookie?.sameSite, cookie?.secure], [true, 'Strict', false])
  await page.reload()
  await whenLive(page)
  await page.getByRole('button', { name: 'User boss' }).click()
  await page.getByRole('menuitem', { name: 'Log out' }).click()
  await page.getByLabel('Password').waitFor()
  assert.deepEqual(await page.context().cookies(), [])
})

ui.test('who is deleted meanwhile is asked again', async (open) => {
  ui.expectProblems(/401/)
  await ui.ask('PUT', '/users/brief', { password: 'brief', tags: 'management' })
  const page = await open('/', { isBare: true })
  await logIn(page, 'brief', 'brief')
  await whenLive(page)
  await ui.ask('DELETE', '/users/brief')
  await page.getByLabel('Password').waitFor()
})
