// Runs every generator, so that one command renews (or with --check compares) all generated text.
import { spawnSync } from 'node:child_process'
import path from 'node:path'

const generators: readonly string[] = [
  'generate-arguments.ts',
  'generate-amqp.ts',
  'generate-kafka.ts',
  'generate-configuration.ts',
  'generate-command-line.ts',
  'generate-performance.ts',
  'generate-http-reference.ts',
  'generate-limits.ts',
]

for (const generator of generators) {
  const program = path.join(import.meta.dirname, generator)
  const arguments_ = [program, ...process.argv.slice(2)]
  const { status } = spawnSync(process.execPath, arguments_, { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
