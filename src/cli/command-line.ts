// The whole command line: commands, help and what to say about mistakes. Every setting is a flag;
// commander knows the grammar, the settings table and the command table the rest.
import { Command, CommanderError, Help, Option } from 'commander'
import { findClosestName } from '../lib/closest-name.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { version } from '../lib/version.ts'
import { settingDefault } from '../settings/setting-default.ts'
import { settingKeys, settingName, settings, variableName } from '../settings/settings.ts'
import type { SettingKey } from '../settings/settings.ts'
import type { Arguments } from './arguments.ts'
import type { BrokerFlags } from './broker-place.ts'
import { commandGroups, type CommandRow, commandTable } from './command-table.ts'
import { definersFor } from './define-command.ts'
import { helpItem } from './help-item.ts'
import { explainNothing } from './parent-command.ts'
import type { Action } from './remote-command.ts'

const settingsHelp = `
Each setting is also a variable (--amqp-port is ${variableName('amqpPort')}) and a line of
pabal.yaml (amqp-port: 5672). Flags win over variables, variables over the file.
See docs/configuration.md.`

const epilogue = `
Settings of the broker: see pabal start --help.

Examples:
  pabal --data /var/lib/pabal       start a broker
  pabal queue list                  what waits in its queues
  pabal queue browse orders         look at messages, which stay as they are`

/** Told which command was given. */
interface CommandEvents {
  readonly onStart: (command: Command) => void
  readonly onRun: (run: Action, command: Command) => void
}

/** All commands with their operands, options and words. */
export function wholeProgram(): Promise<Command> {
  const nothing = (): void => undefined
  return buildProgram({ onStart: nothing, onRun: nothing }, commandTable)
}

/** The commands with the operands, options and words of those in `rows`, or of those that are asked for. */
async function buildProgram(
  events: CommandEvents,
  rows: readonly CommandRow[] = [],
): Promise<Command> {
  const program = addSettings(quiet(new Command('pabal')))
    .configureHelp({
      formatItem: helpItem,
      formatHelp(command, helper) {
        helper.visibleOptions = ownOptions
        return Help.prototype.formatHelp.call(helper, command, helper)
      },
    })
    .helpOption('-h, --help', 'Show this help')
    .helpCommand('help [COMMAND...]', 'Show the help of a command')
    .description(
      'One message broker for queues and streams. Without a command it starts the broker.',
    )
    .version(version, '-V, --version', 'Show the version')
    .enablePositionalOptions()
    .addHelpText('after', epilogue)
  const { onStart, onRun } = events
  program.action(() => onStart(program))
  const start = program.command('start').description('Start the broker (the default)')
  addSettings(start)
    .addHelpText('after', settingsHelp)
    .action(() => onStart(start))
  const { remote, local } = definersFor(onRun)
  const complete = async (command: Command, row: CommandRow): Promise<void> => {
    const add = await row.load()
    add(command, remote, local, wholeProgram)
    if (command.commands.length > 0) explainNothing(command)
    throwMistakes(command, [program.name()])
  }
  const inOrder = commandGroups.flatMap((group) =>
    commandTable.filter((row) => row.group === group),
  )
  const stubs = new Map<Command, CommandRow>()
  for (const row of inOrder) {
    const stub = program.command(row.name).description(row.summary).helpGroup(row.group)
    stub.aliases(row.aliases ?? [])
    if (rows.includes(row)) await complete(stub, row)
    else stubs.set(stub, row)
  }
  program.hook('preSubcommand', async (_program, command) => {
    const row = stubs.get(command)
    if (row !== undefined) await complete(command, row)
  })
  throwMistakes(program)
  return program
}

/** Settings may stand before or instead of `start`, whose help has them. */
function ownOptions(command: Command): Option[] {
  const options = Help.prototype.visibleOptions.call(new Help(), command)
  return command.parent === null
    ? options.filter(({ long }) => long === '--help' || long === '--version')
    : options
}

function addSettings(command: Command): Command {
  for (const key of settingKeys) command.addOption(settingOption(key))
  return command.option(
    '--config <FILE>',
    'File of settings (default: pabal.yaml when it is there)',
  )
}

function settingOption(key: SettingKey): Option {
  const { placeholder, description } = settings[key]
  const preset = settingDefault(key)
  const suffix = preset === undefined ? '' : ` (default: ${preset})`
  return new Option(`--${settingName(key)} <${placeholder}>`, `${description}${suffix}`)
}

function quiet(command: Command): Command {
  return command.allowExcessArguments().configureOutput({ writeErr: () => undefined })
}

/** Mistakes after a command point to the help of that command. */
function throwMistakes(command: Command, parents: readonly string[] = []): void {
  const path = [...parents, command.name()]
  command.exitOverride((error) => {
    // The options behind what is no command say nothing: the command is what is wrong.
    if (error.code === 'commander.unknownOption' && command.parent === null) rejectOperands(command)
    throw error.exitCode === 0 ? error : oneLine(error, path)
  })
  for (const child of command.commands) throwMistakes(child, path)
}

/** Commander's messages span two lines ("error: …\n(Did you mean …?)"), and some end with a dot. */
function oneLine({ message }: CommanderError, path: readonly string[]): ExitError {
  const text = message
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .replace(/\.$/, '')
  return new ExitError(exitCodes.usage, `${text}; see ${path.join(' ')} --help`)
}

/** What is no command is taken for an operand of the start, which has none. */
function rejectOperands({ args: [operand] }: Command): void {
  if (operand === undefined || operand.startsWith('-')) return
  const names = commandTable.flatMap(({ name, aliases = [] }) => [name, ...aliases])
  const closest = findClosestName(operand, ['start', ...names])
  const advice = closest === undefined ? 'see pabal --help' : `did you mean ${closest}?`
  throw new ExitError(exitCodes.usage, `unknown command ${operand}; ${advice}`)
}

/** Options before a command are those of all settings, of which it has few. */
function valuesOf(command: Command): Record<string, string | undefined> {
  const values = command.opts<Record<string, string | undefined>>()
  for (let { parent } = command; parent !== null; { parent } = parent) {
    const known = new Set(command.options.map((option) => option.attributeName()))
    for (const [name, value] of Object.entries(parent.opts<Record<string, string>>())) {
      if (!known.has(name)) {
        const path = pathOf(command)
        throw new ExitError(
          exitCodes.usage,
          `--${settingName(name as SettingKey)} means nothing to ${path}; see ${path} --help`,
        )
      }
      values[name] ??= value
    }
  }
  return values
}

function pathOf(command: Command): string {
  const { parent } = command
  return parent === null ? command.name() : `${pathOf(parent)} ${command.name()}`
}

/** `help queue list` as `queue list --help`: commander's own would show a command that is not loaded yet. */
function withoutHelpCommand(argv: readonly string[]): readonly string[] {
  const [first, ...path] = argv
  return first === 'help' && path.length > 0 ? [...path, '--help'] : argv
}

/** Reads any arguments; see `readArguments`. */
export async function readCommandLine(argv: readonly string[]): Promise<Arguments> {
  let result: Arguments = { command: 'nothing', flags: new Map(), configFile: undefined }
  const take = (command: Command): BrokerFlags => {
    const { config: configFile, ...values } = valuesOf(command)
    const flags = settingKeys.flatMap((key) => {
      const value = values[key]
      return value === undefined ? [] : [[key, value] as const]
    })
    result = { command: 'start', flags: new Map(flags), configFile }
    return values
  }
  const program = await buildProgram({
    onStart(command) {
      rejectOperands(command)
      take(command)
    },
    onRun(run, command) {
      const broker = take(command)
      result = { ...result, command: 'run', broker, run }
    },
  })
  try {
    await program.parseAsync(withoutHelpCommand(argv), { from: 'user' })
  } catch (error) {
    // Help and the version were printed.
    if (!(error instanceof CommanderError)) throw error
  }
  return result
}
