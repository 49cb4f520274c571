// Runs one command of rabbitmqctl: banner, work, table; and its exit codes, which are those of sysexits(3).
import { BrokerClient } from '../cli/broker-client.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { commands } from './commands.ts'
import type { ShimArguments } from './shim-arguments.ts'
import { ShimError } from './shim-error.ts'
import { writeTable } from './write-table.ts'

export interface ShimOutput {
  readonly out: (line: string) => void
  readonly err: (line: string) => void
}

/** Resolves with the exit code. */
export async function runShim(
  asked: ShimArguments,
  dataFolder: string,
  { out, err }: ShimOutput,
): Promise<number> {
  const command = commands[asked.command]
  if (command === undefined) {
    err(
      `Command '${asked.command}' is not one of those that stand in for RabbitMQ's: see pabal --help`,
    )
    err(`There are: ${Object.keys(commands).join(', ')}`)
    return exitCodes.usage
  }
  const { operands } = asked
  if (operands.length < command.operandsMin || operands.length > command.operandsMax) {
    err(`Error (argument validation): ${asked.command} ${command.usage}`)
    return exitCodes.usage
  }
  try {
    const banner = command.banner?.(asked)
    const isTalkative = !asked.isQuiet && !asked.isSilent && !asked.isJson
    if (banner !== undefined && isTalkative) out(banner)
    const result = await command.run(new BrokerClient(dataFolder), asked)
    if (typeof result === 'string') {
      if (!asked.isSilent) out(result)
    } else if (result !== undefined) writeTable(result, asked, out)
    return exitCodes.ok
  } catch (error) {
    if (!(error instanceof ExitError || error instanceof ShimError)) throw error
    err(`Error:\n${error.message}`)
    return error.exitCode
  }
}
