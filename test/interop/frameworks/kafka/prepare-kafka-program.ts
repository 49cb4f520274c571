// Finds or builds what the programs for Kafka need: see ../../languages.ts.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { kafkaClasspath } from '../../../../bench/systems/kafka-classpath.ts'
import { findPostgres } from '../../../../src/cli/cluster-dev/find-postgres.ts'
import { buildJava, findPython, has, makeOnce, type Preparation } from '../../languages.ts'
import { runDownload } from '../../run-tool.ts'

const here: string = import.meta.dirname
const requirements: string = join(here, 'python/requirements.txt')
const registry: string = join(here, 'registry.txt')

/**
 * A program in Node that starts others in Java: Kafka Connect and what else java/pom.xml names. Their
 * class path is in INTEROP_CLASSES.
 */
export async function prepareKafkaProgram(file: string): Promise<Preparation> {
  const java = await buildJava('', join(here, 'java'))
  if ('missing' in java) return java
  const classes = java.args[java.args.indexOf('-cp') + 1] ?? ''
  const args = [join(here, file)]
  return { command: process.execPath, args, env: { INTEROP_CLASSES: classes } }
}

export async function prepareDebezium(): Promise<Preparation> {
  if (findPostgres() === undefined) return { missing: 'PostgreSQL (Debian package postgresql)' }
  return prepareKafkaProgram('debezium.ts')
}

/** With a Kafka of its own. */
export async function prepareMirror(): Promise<Preparation> {
  const prepared = await prepareKafkaProgram('mirror.ts')
  if (!('missing' in prepared)) kafkaClasspath()
  return prepared
}

/** Apicurio Registry as its authors pack it, and Python for a client of it. */
export async function prepareRegistry(): Promise<Preparation> {
  const python = await findPython(requirements)
  if ('missing' in python) return python
  if (!has('java', '-version')) return { missing: 'Java, 17 or newer' }
  if (!has('mvn', '-v')) return { missing: 'Maven' }
  const folder = await makeOnce('registry', registry, unpackRegistry)
  const env = { INTEROP_REGISTRY: folder, INTEROP_PYTHON: python.command }
  return { command: process.execPath, args: [join(here, 'apicurio.ts')], env }
}

/** By a plugin that needs no description of it: that of its parent is in no free registry. */
async function unpackRegistry(folder: string): Promise<void> {
  const artifact = readFileSync(registry, 'utf8').trim()
  const unpack = 'org.apache.maven.plugins:maven-dependency-plugin:2.8:unpack'
  await runDownload({
    what: 'download of Apicurio Registry',
    command: 'mvn',
    args: [
      '--quiet',
      '--batch-mode',
      unpack,
      `-Dartifact=${artifact}`,
      `-DoutputDirectory=${folder}`,
    ],
    folder,
  })
}

export async function prepareKafkaInPython(file: string): Promise<Preparation> {
  const python = await findPython(requirements)
  if ('missing' in python) return python
  // report.py stands with the clients.
  const env = { PYTHONPATH: join(here, '../../python') }
  return { ...python, args: [join(here, 'python', file)], env }
}
