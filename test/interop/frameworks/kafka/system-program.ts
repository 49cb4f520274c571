// Runs programs that Kafka's own system tests are made of.

import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { JavaProcess } from './java-process.ts'
import { administer } from './kafka-side.ts'

export const tools = 'org.apache.kafka.tools'
/** What a program writes, it writes here; whoever imports this removes it. */
export const folder: string = mkdtempSync(join(tmpdir(), 'pabal-system-'))
export const RECORDS = 2000

export function start(main: string, args: string): JavaProcess {
  return new JavaProcess([main, ...args.split(' ')], { folder })
}

/** What a program wrote until it ended by itself. @throws Error with it unless it ended with 0. */
export async function run(main: string, args: string): Promise<string> {
  await using process = start(main, args)
  const code = await process.ended()
  if (code !== 0) throw new Error(`ended with ${code}:\n${process.output.slice(-3000)}`)
  return process.output
}

export async function makeTopics(names: readonly string[], numPartitions: number): Promise<void> {
  const topics = names.map((topic) => ({ topic, numPartitions }))
  await administer((admin) => admin.createTopics({ topics }))
}
