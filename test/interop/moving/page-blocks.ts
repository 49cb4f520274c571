// The shell blocks of a page of the documentation, run as a person would who follows it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'

interface Shell {
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
  /** What the page calls it → what it is here. */
  readonly names: Readonly<Record<string, string>>
}

export class PageBlocks {
  readonly #blocks: readonly string[]
  readonly #shell: Shell
  readonly #used: Set<string> = new Set()

  constructor(page: string, shell: Shell) {
    const text = readFileSync(page, 'utf8')
    this.#blocks = Array.from(text.matchAll(/^ *```sh\n(.*?)^ *```$/gms), ([, block = '']) => block)
    this.#shell = shell
  }

  /**
   * Runs the block that has `words` in it; returns what it printed.
   * @throws Error when there is not one such block, or when a command of it fails.
   */
  async run(words: string): Promise<string> {
    const found = this.#blocks.filter((block) => block.includes(words))
    const [block] = found
    if (block === undefined || found.length > 1)
      throw new Error(`${found.length} blocks of the page have: ${words}`)
    this.#used.add(block)
    const { folder, env, names } = this.#shell
    const command = Object.entries(names).reduce(
      (text, [name, value]) => text.replaceAll(name, value),
      block,
    )
    const child = spawn('sh', ['-e', '-c', command], { cwd: folder, env })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (part: string) => (output += part))
    }
    const [code] = (await once(child, 'close')) as [number | null]
    if (code !== 0) throw new Error(`ended with ${code}:\n${command}\n${output}`)
    return output
  }

  /** Those that were never run. */
  get unused(): readonly string[] {
    return this.#blocks.filter((block) => !this.#used.has(block))
  }
}
