import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { readCommandLine } from './command-line.ts'

function helpOf(...command: readonly string[]): string[] {
  let text = ''
  const write = mock.method(process.stdout, 'write', (part: string) => {
    text += part
    return true
  })
  try {
    readCommandLine([...command, '--help'])
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
  test(`the help of 'pabal ${words}' fits into the terminal`, () => {
    const lines = helpOf(...words.split(' ').filter((word) => word !== ''))
    assert.ok(lines.length > 5)
    assert.deepEqual(
      lines.filter((line) => line.length > (process.stdout.columns ?? 80)),
      [],
    )
  })
}

test('what a flag does stands below it where there is no room beside it, else beside it', () => {
  const lines = helpOf()
  const index = lines.indexOf('  --amqp-port <PORT>')
  assert.match(lines[index + 1] ?? '', /^ {6}Port of AMQP 0-9-1; /)
  assert.ok(helpOf('verify').some((line) => /^ {2}--data <FOLDER> +Folder of/.test(line)))
})
