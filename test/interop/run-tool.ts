// Runs the tools that fetch and build the clients' libraries. A registry that hiccups is asked again.

import { execFile } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
const TOOL_MS = 15 * 60_000
const TRIES = 3
const PAUSE_MS = 5_000
const OUTPUT_CHARS = 4_000

/** One call of a tool. */
export interface ToolCall {
  /** What it is for, as in the error: "download of the Go libraries". */
  readonly what: string
  readonly command: string
  readonly args: readonly string[]
  readonly folder: string
}

/** @throws Error naming what failed, with the end of what the tool said. */
export async function runTool({ what, command, args, folder }: ToolCall): Promise<void> {
  const options = { cwd: folder, timeout: TOOL_MS, maxBuffer: 64 * 1024 * 1024 }
  await run(command, [...args], options).catch((error: Error & Record<'stdout', string>) => {
    const said = `${error.message}\n${error.stdout}`.slice(-OUTPUT_CHARS)
    throw new Error(`${what} failed (${command} in ${folder}):\n${said}`)
  })
}

/**
 * As runTool, three times before it gives up, for tools that download.
 * `isFinal` knows an output that no second try can mend, such as that of a compiler.
 */
export async function runDownload(
  call: ToolCall,
  isFinal: (output: string) => boolean = () => false,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await runTool(call)
    } catch (error) {
      const { message } = error as Error
      if (tries === TRIES || isFinal(message))
        throw new Error(`${message}\n(tried ${tries} times)`, { cause: error })
      process.stderr.write(`${call.what} failed, trying again:\n${message}\n`)
      await delay(PAUSE_MS)
    }
  }
}
