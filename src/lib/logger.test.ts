import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { createLogger, silentLogger } from './logger.ts'

/** What a program that does this with a `logger` writes to stderr; the log is there and not here. */
function stderrOf(level: string, actions: string, format = 'json'): string[] {
  const file = JSON.stringify(new URL('./logger.ts', import.meta.url).href)
  const program = `
    import { createLogger } from ${file}
    const logger = createLogger({ level: '${level}', format: '${format}' })
    ${actions}`
  const args = ['--input-type=module', '--eval', program]
  const { stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 })
  return stderr.split('\n').filter((line) => line !== '')
}

test('a line has its level, time, text and fields, and those of each parent', () => {
  const [line = '', ...others] = stderrOf(
    'info',
    `logger.child({ area: 'amqp' }).child({ vhost: '/' }).warn({ remote: '::1' }, 'text')`,
  )
  assert.deepEqual(others, [])
  const { time, ...fields } = JSON.parse(line) as Record<string, string>
  assert.deepEqual(fields, { level: 'warn', area: 'amqp', vhost: '/', remote: '::1', msg: 'text' })
  assert.match(time ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
})

test('lines below the level are not written, whoever asks first', () => {
  const lines = stderrOf('warn', `logger.info('a'); logger.prepare(); logger.error('b')`)
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { msg: string }).msg),
    ['b'],
  )
})

test('a line is written before the call returns, and never with a password', () => {
  const lines = stderrOf('info', `logger.fatal({ a: { password: 'x1' } }, 'b'); process.exit(0)`)
  assert.equal(lines.length, 1)
  assert.doesNotMatch(lines[0] ?? '', /x1/)
})

// U+202E turns what follows around, U+2066 and U+2068 isolate, U+200F is a mark; U+2028 ends a line in
// some programs; U+009B begins a command to a terminal, as ESC [ does.
const deceiving = [
  '\u202e',
  '\u202a',
  '\u2066',
  '\u2068',
  '\u200f',
  '\u061c',
  '\u2028',
  '\u009b',
  '\u001b',
]

for (const format of ['json', 'human']) {
  test(`characters that deceive who reads a name are escaped in the ${format} log`, () => {
    const name = `a${deceiving.join('')}b`
    const lines = stderrOf(
      'info',
      `logger.info({ queue: ${JSON.stringify(name)} }, ${JSON.stringify(`queue ${name}`)})`,
      format,
    )
    const text = lines.join('\n')
    for (const character of deceiving) {
      const code = character.charCodeAt(0).toString(16).padStart(4, '0')
      assert.ok(!text.includes(character), `U+${code} passes: ${JSON.stringify(text)}`)
      // Text for people leaves controls out of the sentence and shows them in fields.
      const shownCount = text.split(`\\u${code}`).length - 1
      assert.ok(
        shownCount >= (format === 'human' ? 1 : 2),
        `U+${code} is shown ${shownCount} times`,
      )
    }
  })

  test(`letters of any script, and signs, stay as they are in the ${format} log`, () => {
    const name = '파발 — ¿größer? שלום 🐇'
    const lines = stderrOf('info', `logger.info(${JSON.stringify(name)})`, format)
    assert.ok(lines.join('').includes(name))
  })
}

test('a line that was escaped is still JSON with the same name', () => {
  const name = 'a\u202eb'
  const [line = ''] = stderrOf('info', `logger.info({ queue: ${JSON.stringify(name)} }, 'x')`)
  assert.equal((JSON.parse(line) as { queue: string }).queue, name)
})

test('a silent log is one that needs nothing loaded', () => {
  assert.equal(createLogger({ level: 'silent', format: 'auto' }), silentLogger)
})
