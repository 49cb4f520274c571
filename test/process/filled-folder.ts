// A data folder with confirmed messages in it, and what a broker finds there again.
import { rmSync } from 'node:fs'
import type { ConfirmChannel } from 'amqplib'
import amqp from 'amqplib'
import { amqpOnly } from '../support/amqp-only.ts'
import { BrokerProgram, type ScratchFolder } from './broker-program.ts'

/** A broker on `<folder>/data` that is ready for clients. */
export class FolderBroker implements AsyncDisposable {
  readonly program: BrokerProgram
  readonly #url: string

  private constructor(program: BrokerProgram, url: string) {
    this.program = program
    this.#url = url
  }

  static async start(folder: ScratchFolder, ...args: readonly string[]): Promise<FolderBroker> {
    const readyFile = folder.file('ready')
    // A broker that was killed left its own.
    rmSync(readyFile, { force: true })
    const program = FolderBroker.run(folder, ['--ready-file', readyFile, ...args])
    const { amqp: address } = await program.ready(readyFile)
    return new FolderBroker(program, `amqp://${address?.host}:${address?.port}`)
  }

  /** The same program, which may not come so far. */
  static run(folder: ScratchFolder, args: readonly string[] = [], userId?: number): BrokerProgram {
    const data = ['--data', folder.file('data')]
    return BrokerProgram.run(folder, [...data, ...amqpOnly, ...args], {}, userId)
  }

  /** Declares a durable queue and has `count` messages to it confirmed. */
  async fill(queue: string, count: number): Promise<void> {
    await this.use(async (channel) => {
      await channel.assertQueue(queue, { durable: true })
      for (let number = 0; number < count; number++) {
        channel.sendToQueue(queue, Buffer.from(`${queue} ${number}`), { persistent: true })
      }
      await channel.waitForConfirms()
    })
  }

  /** The bodies in a queue that must be there, which stay in it. */
  async bodiesIn(queue: string): Promise<string[]> {
    const bodies: string[] = []
    await this.use(async (channel) => {
      await channel.checkQueue(queue)
      for (;;) {
        const message = await channel.get(queue)
        if (message === false) return
        bodies.push(message.content.toString())
      }
    })
    return bodies
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.program.child.kill('SIGKILL')
    await this.program.ended()
  }

  /** SIGTERM, to the end. */
  async stop(): Promise<void> {
    this.program.child.kill('SIGTERM')
    await this.program.ended()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]()
  }

  /** Lets `work` use a channel with confirms of its own. */
  async use(work: (channel: ConfirmChannel) => Promise<void>): Promise<void> {
    const connection = await amqp.connect(this.#url)
    await work(await connection.createConfirmChannel())
    await connection.close()
  }
}

/** The bodies that `fill` sent. */
export function filledBodies(queue: string, count: number): string[] {
  return Array.from({ length: count }, (_, number) => `${queue} ${number}`)
}

/** How a command such as `verify` ended, and what it said. */
export async function runCommand(
  folder: ScratchFolder,
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly text: string }> {
  await using program = BrokerProgram.run(folder, [...args, '--data', folder.file('data')])
  const { code } = await program.ended()
  return { code, text: program.stdout + program.stderr }
}
