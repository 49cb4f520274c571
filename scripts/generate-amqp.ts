// Writes the generated files of AMQP from the specification in scripts/amqp/.
// `--check` writes nothing and fails when a committed file differs.
import { readFileSync, writeFileSync } from 'node:fs'
import { argv, exit } from 'node:process'
import { fileURLToPath } from 'node:url'
import { readSpecification } from './amqp/read-specification.ts'
import { renderContentProperties, renderMethods } from './amqp/render-methods.ts'

const specification = readSpecification()
const generated: readonly (readonly [path: string, text: string])[] = [
  ['src/codec/amqp/methods.gen.ts', renderMethods(specification)],
  ['src/record/message/properties.gen.ts', renderContentProperties(specification)],
]

for (const [path, text] of generated) {
  const target = fileURLToPath(new URL(`../${path}`, import.meta.url))
  if (!argv.includes('--check')) {
    writeFileSync(target, text)
  } else if (readFileSync(target, 'utf8') !== text) {
    console.error(`${path} is stale: run node scripts/generate-amqp.ts`)
    exit(1)
  }
}
