// Jobs in the UI: while they run, wait, are paused, and when they have ended.
import assert from 'node:assert/strict'
import { waitFor } from '../support/wait-for.ts'
import { expectAccessible } from './support/axe.ts'
import { openUi } from './support/open-ui.ts'

const ui = openUi({
  async prepare() {
    for (const name of ['from', 'to']) await ui.ask('PUT', `/queues/%2F/${name}`, { durable: true })
    const limit = { 'x-max-length': 1, 'x-overflow': 'reject-publish' }
    await ui.ask('PUT', '/queues/%2F/full', { durable: true, arguments: limit })
    await ui.publish('from', ...Array.from({ length: 50 }, (_, number) => `message ${number}`))
  },
})

interface Job {
  readonly id: string
  readonly state: string
}

async function begin(body: object): Promise<Job> {
  return (await ui.ask('POST', '/v1/jobs/%2F', { kind: 'move', queue: 'from', ...body })) as Job
}

const toQueue = { target: { to: 'queue', name: 'to' } }

ui.test('without jobs the page says what they are', async (open) => {
  const page = await open('/jobs')
  await page.getByRole('heading', { name: 'No jobs' }).waitFor()
  await expectAccessible(page)
})

ui.test('a running job is paused, resumed, ended and forgotten', async (open) => {
  const { id } = await begin({ ...toQueue, messages_per_second: 1 })
  const page = await open('/jobs')
  await page.getByText(/^1 job runs with \d+ messages to go\.$/).waitFor()
  await page.getByRole('row', { name: /running Move from to to/ }).click()
  const panel = page.getByRole('complementary', { name: `Job ${id}` })
  await expectAccessible(page)
  await panel.getByRole('button', { name: 'Pause' }).click()
  await page.getByRole('cell', { name: 'paused' }).waitFor()
  await page.getByText('1 job stopped early.').waitFor()
  await panel.getByRole('button', { name: 'Resume' }).click()
  await panel.getByRole('button', { name: 'End it' }).click()
  await page.getByRole('cell', { name: 'ended early' }).waitFor()
  await panel.getByRole('button', { name: /^Undo: bring back \d+ message/ }).click()
  await waitFor('it is undone', async () => {
    const jobs = (await ui.ask('GET', '/v1/jobs')) as (Job & { kind: string })[]
    return jobs.some(({ kind, state }) => kind === 'undo' && state === 'done')
  })
  await page.goto(`${ui.url}/jobs?job=${id}`)
  await page.getByRole('button', { name: 'Forget this job' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Forget the job' }).click()
  await waitFor('it is forgotten', async () => {
    const jobs = (await ui.ask('GET', '/v1/jobs')) as Job[]
    return jobs.every((job) => job.id !== id)
  })
})

ui.test('a job that waits for its target says why', async (open) => {
  const target = { to: 'queue', name: 'full' }
  const { id } = await begin({ target, on_refused: 'wait', filter: { text: 'message' } })
  await begin({ target })
  const page = await open('/jobs', { theme: 'dark' })
  await page.getByText(/1 waits for its target, 1 job stopped early/).waitFor()
  await page.getByRole('row', { name: /waits Move from/ }).click()
  await page
    .getByText(/no room in queue 'full'/)
    .first()
    .waitFor()
  await page.getByText('wait and try it again').waitFor()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Stopped 1' }).click()
  assert.equal(await page.getByRole('row', { name: /Move from/ }).count(), 1)
  await ui.ask('POST', `/v1/jobs/%2F/${id}/cancel`, {})
})

ui.test('a narrow window has it, too', async (open) => {
  const page = await open('/jobs', { width: 390 })
  await page
    .getByRole('row', { name: /Move from/ })
    .first()
    .click()
  await page.getByRole('complementary').waitFor()
  await expectAccessible(page)
  await page.keyboard.press('Escape')
  await page.getByRole('complementary').waitFor({ state: 'detached' })
})
