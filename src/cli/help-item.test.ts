import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { readCommandLine } from './command-line.ts'

async function helpOf(...command: readonly string[]): Promise<string[]> {
  let text = ''
  const write = mock.method(process.stdout, 'write', (part: string) => {
    text += part
    return true
  })
  try {
    await readCommandLine([...command, '--help'])
  } finally {
    write.mock.restore()
  }
  return text.split('\n')
}

for (const words of [
  '',
  'permission',
  'permission set-topic',
  'queue browse',
  'definitions import',
]) {
  test(`the help of 'pabal ${words}' fits into the terminal`, async () => {
    const lines = await helpOf(...words.split(' ').filter((word) => word !== ''))
    assert.ok(lines.length > 5)
    assert.deepEqual(
      lines.filter((line) => line.length > (process.stdout.columns ?? 80)),
      [],
    )
  })
}

test('what a flag does stands below it where there is no room beside it, else beside it', async () => {
  const lines = await helpOf('start')
  const index = lines.indexOf('  --amqp-port <PORT>')
  assert.match(lines[index + 1] ?? '', /^ {6}Port of AMQP 0-9-1; /)
  const verify = await helpOf('verify')
  assert.ok(verify.some((line) => /^ {2}--data <FOLDER> +Data folder of/.test(line)))
})
