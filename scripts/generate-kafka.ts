// Writes the generated files of src/codec/kafka/ from Kafka's definitions in scripts/kafka/.
// `--check` writes nothing and fails when a committed file differs.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { argv, exit } from 'node:process'
import { fileURLToPath } from 'node:url'
import { generateKafka } from './kafka/generate.ts'

const folder = new URL('../src/codec/kafka/', import.meta.url)
const isCheck = argv.includes('--check')

for (const [name, text] of generateKafka()) {
  const path = fileURLToPath(new URL(name, folder))
  if (!isCheck) {
    writeFileSync(path, text)
  } else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
    console.error(`src/codec/kafka/${name} is stale: run node scripts/generate-kafka.ts`)
    exit(1)
  }
}
