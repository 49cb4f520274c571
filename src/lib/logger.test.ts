import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { createLogger, silentLogger } from './logger.ts'

/** What a program that does this with a `logger` writes to stderr; the log is there and not here. */
function stderrOf(level: string, actions: string): string[] {
  const file = JSON.stringify(new URL('./logger.ts', import.meta.url).href)
  const program = `
    import { createLogger } from ${file}
    const logger = createLogger({ level: '${level}', format: 'json' })
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

test('a silent log is one that needs nothing loaded', () => {
  assert.equal(createLogger({ level: 'silent', format: 'auto' }), silentLogger)
})
