// Apicurio Registry with all its data in a topic, and Avro records that name its schemas:
// node apicurio.ts HOST:PORT PREFIX

import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../../../src/cli/cluster-dev/free-port.ts'
import { broker, prefix, step } from '../../node/report.ts'
import { JavaProcess } from './java-process.ts'
import { recordsOf } from './kafka-side.ts'

const folder = process.env['INTEROP_REGISTRY'] ?? ''
const python = process.env['INTEROP_PYTHON'] ?? 'python3'
const port = await freePort()
const url = `http://127.0.0.1:${port}/apis/ccompat/v7`
const topics = { journal: `${prefix}-journal`, orders: `${prefix}-orders` }
const subject = `${topics.orders}-value`
const field = { name: 'id', type: 'int' }
const added = { name: 'item', type: 'string', default: '' }

function schema(...fields: readonly object[]): { schema: string } {
  return { schema: JSON.stringify({ type: 'record', name: 'Order', fields }) }
}

let registry = await start()
await using _ = { [Symbol.asyncDispose]: () => registry.kill() }

async function start(): Promise<JavaProcess> {
  const jar = readdirSync(folder).find((name) => name.endsWith('-runner.jar')) ?? ''
  const process = new JavaProcess(['-jar', join(folder, jar)], {
    env: {
      APICURIO_STORAGE_KIND: 'kafkasql',
      APICURIO_KAFKASQL_BOOTSTRAP_SERVERS: broker,
      APICURIO_KAFKASQL_TOPIC: topics.journal,
      APICURIO_KAFKASQL_SNAPSHOTS_TOPIC: `${prefix}-snapshots`,
      APICURIO_EVENTS_KAFKA_TOPIC: `${prefix}-events`,
      APICURIO_KAFKASQL_CONSUMER_POLL_TIMEOUT: '500',
      QUARKUS_HTTP_HOST: '127.0.0.1',
      QUARKUS_HTTP_PORT: String(port),
    },
  })
  const ready = `http://127.0.0.1:${port}/health/ready`
  await process.until('the registry is ready', async () =>
    fetch(ready).then(
      ({ ok }) => ok,
      () => false,
    ),
  )
  return process
}

async function ask(method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  })
  const answer = (await response.json()) as { readonly error_code?: number }
  return response.ok ? answer : { code: answer.error_code }
}

await step('register', async () => {
  const { id } = (await ask('POST', `/subjects/${subject}/versions`, schema(field))) as Id
  const again = (await ask('POST', `/subjects/${subject}/versions`, schema(field))) as Id
  return { same: id === again.id, versions: await ask('GET', `/subjects/${subject}/versions`) }
})

await step('compatibility', async () => {
  await ask('PUT', `/config/${subject}`, { compatibility: 'BACKWARD' })
  const refused = await ask(
    'POST',
    `/subjects/${subject}/versions`,
    schema(field, { name: 'x', type: 'int' }),
  )
  await ask('POST', `/subjects/${subject}/versions`, schema(field, added))
  return { refused, versions: await ask('GET', `/subjects/${subject}/versions`) }
})

await step('Avro records', async () => {
  const program = join(import.meta.dirname, 'python/avro_records.py')
  const args = [program, broker, url, topics.orders]
  return JSON.parse(execFileSync(python, args, { encoding: 'utf8' }))
})

await step('killed and started again', async () => {
  await registry.kill()
  registry = await start()
  return {
    versions: await ask('GET', `/subjects/${subject}/versions`),
    schema: await ask('GET', `/subjects/${subject}/versions/1`).then(
      (found) => (found as Schema).schema,
    ),
    config: await ask('GET', `/config/${subject}`),
    kept: (await recordsOf(topics.journal)).length > 0,
  }
})

interface Id {
  readonly id: number
}

interface Schema {
  readonly schema: string
}
