// examples/delayed-jobs does what its README says, also when the broker dies while jobs wait.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TestBroker } from '../support/start-test-broker.ts'
import { findExampleLanguages, type ExampleLanguage } from './example-languages.ts'

/** Returns when the reminder may be due at the earliest. */
async function remind(
  { start }: ExampleLanguage,
  url: string,
  [seconds, text]: [seconds: number, text: string],
): Promise<number> {
  const from = Date.now()
  await using program = start('delayed-jobs', 'remind', url, [String(seconds), text])
  await program.succeeded()
  return from + seconds * 1000
}

for (const language of await findExampleLanguages()) {
  describe(`delayed-jobs in ${language.name}`, { skip: language.skip }, () => {
    it('brings each when it is due', async () => {
      await using broker = await TestBroker.start()
      // The next program has to come to its message before this one is due.
      const lateAt = await remind(language, broker.url, [8, 'late'])
      await remind(language, broker.url, [0.1, 'early'])
      await using worker = language.start('delayed-jobs', 'worker', broker.url)
      await worker.printed('both', (lines) => lines.includes('remember: late'))
      assert.ok(Date.now() >= lateAt)
      const reminders = worker.lines.filter((line) => line.startsWith('remember'))
      assert.deepEqual(reminders, ['remember: early', 'remember: late'])
    })

    it('brings what waits while the broker is killed', async () => {
      await using broker = await TestBroker.start()
      await remind(language, broker.url, [1, 'drink tea'])
      await broker.kill()
      await broker.restart()
      await using worker = language.start('delayed-jobs', 'worker', broker.url)
      await worker.printed('reminder', (lines) => lines.includes('remember: drink tea'))
    })
  })
}
