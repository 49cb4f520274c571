// Runs one command of RabbitMQ's: banner, work, table; and its exit codes, which are those of sysexits(3).
import { BrokerClient } from '../cli/broker-client.ts'
import { findClosestName } from '../lib/closest-name.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { absentCommands } from './absent-commands.ts'
import { commandsOf } from './commands.ts'
import {
  readShimArguments,
  type ShimArguments,
  type ShimProgram,
  unknownOptions,
} from './shim-arguments.ts'
import type { ReadInput, ShimCommand, ShimCommands, ShimResult } from './shim-command.ts'
import { argumentError, ShimError } from './shim-error.ts'
import { writeTable } from './write-table.ts'

export interface ShimOutput {
  readonly out: (line: string) => void
  readonly err: (line: string) => void
}

/** What was called, and with what. */
export interface ShimCall {
  readonly program: ShimProgram
  readonly argv: readonly string[]
  /** Of the broker that is asked. */
  readonly dataFolder: string
  readonly input: ReadInput
}

/** Resolves with the exit code. */
export async function runShim(
  { program, argv, dataFolder, input }: ShimCall,
  output: ShimOutput,
): Promise<number> {
  const commands = commandsOf(program)
  try {
    const asked = readShimArguments(argv)
    if (asked.command === 'help') return help(program, commands, argv.length === 0, output)
    const command = Object.hasOwn(commands, asked.command) ? commands[asked.command] : undefined
    if (command === undefined) throw notThere(asked.command, commands)
    check(asked, command)
    const banner = command.banner?.(asked) ?? ''
    const isTalkative = !asked.isQuiet && !asked.isSilent && !isForPrograms(asked)
    const sayBanner = (): void => {
      if (banner !== '' && isTalkative) output.out(banner)
    }
    try {
      const result = await command.run(new BrokerClient(dataFolder), asked, input)
      sayBanner()
      show(result, asked, output)
    } catch (error) {
      // Nothing was begun with wrong arguments.
      if (!(error instanceof ShimError && error.head === argumentError)) sayBanner()
      throw error
    }
    return exitCodes.ok
  } catch (error) {
    if (!(error instanceof ExitError || error instanceof ShimError)) throw error
    const head = error instanceof ShimError ? error.head : 'Error:\n'
    output.err(`${head}${error.message}`)
    return error.exitCode
  }
}

/** What stands on stdout is read by a program. */
function isForPrograms({ format }: ShimArguments): boolean {
  return format === 'json' || format === 'csv'
}

function show(result: ShimResult, asked: ShimArguments, { out }: ShimOutput): void {
  if (result === undefined) return
  if (typeof result === 'string') {
    out(asked.format === 'json' ? JSON.stringify({ result: 'ok', message: result }) : result)
  } else if ('document' in result) {
    const text = asked.format === 'json' ? JSON.stringify(result.document) : result.text
    if (text !== '') out(text)
  } else writeTable(result, asked, out)
}

function check(asked: ShimArguments, command: ShimCommand): void {
  const { operands, command: name } = asked
  const problem = problemOf(operands.length, command) ?? optionProblem(asked, command)
  if (problem === undefined) return
  const usage = [name, command.usage, ...command.options.map((option) => `[${option}]`)]
  throw new ShimError(
    exitCodes.usage,
    `${problem}\nUsage: ${usage.filter((word) => word !== '').join(' ')}`,
    argumentError,
  )
}

function problemOf(count: number, command: ShimCommand): string | undefined {
  if (count < command.operandsMin) return 'not enough arguments.'
  return count > command.operandsMax ? 'too many arguments.' : undefined
}

function optionProblem(asked: ShimArguments, command: ShimCommand): string | undefined {
  const unknown = unknownOptions(asked, command.options)
  return unknown.length === 0
    ? undefined
    : `Invalid options for this command:\n${unknown.map((name) => `${name} :`).join('\n')}`
}

/** Says what there is instead, where something is. */
function notThere(name: string, commands: ShimCommands): ShimError {
  const why = absentCommands[name]
  if (Object.hasOwn(absentCommands, name)) {
    return new ShimError(exitCodes.usage, `Command '${name}' is not here: ${why}.`, '')
  }
  const closest = findClosestName(name, Object.keys(commands))
  const advice =
    closest === undefined
      ? `There are: ${Object.keys(commands).join(', ')}\nAll that Pabal has: pabal --help`
      : `Did you mean '${closest}'?`
  return new ShimError(exitCodes.usage, `Command '${name}' not found.\n${advice}`, '')
}

function help(
  program: ShimProgram,
  commands: ShimCommands,
  isMistake: boolean,
  { out, err }: ShimOutput,
): number {
  const say = isMistake ? err : out
  say(
    `Usage\n\n${program} [--quiet] [--silent] [--formatter table|pretty_table|csv|json] <command>\n`,
  )
  say('Commands of RabbitMQ that Pabal stands in for; pabal --help has all of its own:\n')
  for (const [name, { usage, options }] of Object.entries(commands)) {
    const words = [name, usage, ...options.map((option) => `[${option}]`)]
    say(`  ${words.filter((word) => word !== '').join(' ')}`)
  }
  return isMistake ? exitCodes.usage : exitCodes.ok
}
