// Writes src/codec/amqp/methods.gen.ts from the AMQP specification in scripts/amqp/.
// `--check` writes nothing and fails when the committed file differs.
import { readFileSync, writeFileSync } from 'node:fs'
import { argv, exit } from 'node:process'
import { fileURLToPath } from 'node:url'
import { readSpecification } from './amqp/read-specification.ts'
import { renderMethods } from './amqp/render-methods.ts'

const target = fileURLToPath(new URL('../src/codec/amqp/methods.gen.ts', import.meta.url))
const generated = renderMethods(readSpecification())

if (!argv.includes('--check')) {
  writeFileSync(target, generated)
} else if (readFileSync(target, 'utf8') !== generated) {
  console.error('src/codec/amqp/methods.gen.ts is stale: run node scripts/generate-amqp.ts')
  exit(1)
}
