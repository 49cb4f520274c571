// Kafka's tools in one process of Java, called one after the other.

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { within } from '../../support/wait-for.ts'
import { has, makeOnce, type Preparation } from '../languages.ts'
import { runDownload } from '../run-tool.ts'

const here: string = import.meta.dirname
const pom: string = join(here, 'pom.xml')
const CALL_MS = 60_000

/** How a call ended. */
export interface ToolAnswer {
  readonly code: number
  /** What it printed and logged. */
  readonly output: string
}

/** Version of the tools. */
export function kafkaToolsVersion(): string {
  return /kafka-tools<\/artifactId>\s*<version>([\d.]+)</.exec(readFileSync(pom, 'utf8'))?.[1] ?? ''
}

/** Fetches the tools. What is missing is a reason to skip. */
export async function prepareKafkaTools(): Promise<Preparation> {
  if (!has('javac', '--release', '17', '-version')) return { missing: 'a JDK, 17 or newer' }
  if (!has('mvn', '-v')) return { missing: 'Maven' }
  const folder = await makeOnce('kafka-tools', pom, async (making) => {
    const goal = ['dependency:build-classpath', `-Dmdep.outputFile=${join(making, 'classpath')}`]
    await runDownload({
      what: "download of Kafka's tools",
      command: 'mvn',
      args: ['--quiet', '--batch-mode', ...goal],
      folder: here,
    })
  })
  const classes = readFileSync(join(folder, 'classpath'), 'utf8').trim()
  const java = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
  const log = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'
  return { command: 'java', args: [...java, log, '-cp', classes, join(here, 'RunTools.java')] }
}

/** The process; killed when it is disposed of. */
export class ToolRunner implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: NodeJS.AsyncIterator<string>

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  /** Calls a tool's main. @throws Error when it does not come back, or ends the process. */
  async call(main: string, args: readonly string[], input = ''): Promise<ToolAnswer> {
    this.#child.stdin.write(`${JSON.stringify({ main, args, input })}\n`)
    const line = await within(`${main} ${args.join(' ')}`, this.#lines.next(), CALL_MS)
    if (line.done === true) throw new Error(`${main} ended the process`)
    return JSON.parse(line.value) as ToolAnswer
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }
}
