// `pabal version`: that of this program, and that of the broker it would ask.
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { version } from '../lib/version.ts'
import type { BrokerClient } from './broker-client.ts'
import type { AddCommand } from './remote-command.ts'
import { outputOption, readFormat, showOne } from './show-rows.ts'
import type { Terminal } from './terminal.ts'

export const addVersionCommand: AddCommand = (command, remote) => {
  remote(command, '', {
    ask: (_operands, flags) => {
      const format = readFormat(flags['output'] as string | undefined)
      return async (broker, terminal) => {
        const row = { program: version, node: process.version, broker: await ask(broker, terminal) }
        const columns = ['program', 'node', 'broker']
        await showOne({ title: 'versions', columns, nameKey: 'program', row }, format, terminal)
        return exitCodes.ok
      }
    },
  }).option(...outputOption)
}

/** That no broker answers is worth a remark here, and no failure. */
async function ask(broker: BrokerClient, { tell }: Terminal): Promise<string | null> {
  try {
    const { status, body } = await broker.ask('GET', ['status'])
    return status === 200 ? (body as { readonly version: string }).version : null
  } catch (error) {
    if (!(error instanceof ExitError)) throw error
    tell(error.message)
    return null
  }
}
