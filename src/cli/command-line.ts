// The whole command line: commands, help and what to say about mistakes. Every setting is a flag;
// commander knows the grammar, the settings table the rest.
import { Command, CommanderError, Option } from 'commander'
import { findClosestName } from '../lib/closest-name.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { version } from '../lib/version.ts'
import {
  settingDefault,
  settingKeys,
  settingName,
  settings,
  variableName,
} from '../settings/settings.ts'
import type { SettingKey } from '../settings/settings.ts'
import type { Arguments, CommandName } from './arguments.ts'
import { addBackupCommands } from './backup-command.ts'
import { addDefinitionsCommand } from './definitions-command.ts'
import { helpItem } from './help-item.ts'
import { addMaintenanceCommands } from './maintenance-command.ts'
import { addMoveCommand } from './move-command.ts'
import { addPermissionCommands } from './permission-command.ts'
import { addPolicyCommand } from './policy-command.ts'
import { addQueueCommand } from './queue-command.ts'
import type { AskBroker, DefineRemote } from './remote-command.ts'
import { addUserCommands } from './user-command.ts'
import { addVHostCommands } from './vhost-command.ts'

const commandNames = ['start', 'verify', 'repair'] as const satisfies CommandName[]

function settingOption(key: SettingKey): Option {
  const { placeholder, description } = settings[key]
  const preset = settingDefault(key)
  const suffix = preset === undefined ? '' : ` (default: ${preset})`
  return new Option(`--${settingName(key)} <${placeholder}>`, `${description}${suffix}`)
}

function addSettings(command: Command, keys: readonly SettingKey[]): Command {
  for (const key of keys) command.addOption(settingOption(key))
  return command.option(
    '--config <FILE>',
    'File of settings (default: pabal.yaml when it is there)',
  )
}

const epilogue = `
Each setting is also a variable (--amqp-port is ${variableName('amqpPort')}) and a line of
pabal.yaml (amqp-port: 5672). Flags win over variables, variables over the file.
See docs/configuration.md.`

function quiet(command: Command): Command {
  return command.allowExcessArguments().configureOutput({ writeErr: () => undefined })
}

/** Told which command was given. */
interface CommandEvents {
  readonly onCommand: (name: CommandName, command: Command) => void
  readonly onAsk: (ask: AskBroker, command: Command) => void
}

/** Commands for a running broker: each in a file of its own. */
function addRemoteCommands(program: Command, onAsk: CommandEvents['onAsk']): void {
  const define: DefineRemote = (parent, usage, { summary, ask }) => {
    const command = addSettings(parent.command(usage).description(summary), ['data'])
    return command.allowExcessArguments(false).action(() => {
      onAsk(ask(command.args, command.opts()), command)
    })
  }
  addPolicyCommand(program, define)
  addUserCommands(program, define)
  addVHostCommands(program, define)
  addPermissionCommands(program, define)
  addQueueCommand(program, define)
  addDefinitionsCommand(program, define)
  addBackupCommands(program, define)
  addMoveCommand(program, define)
  addMaintenanceCommands(program, define)
}

function buildProgram({ onCommand, onAsk }: CommandEvents): Command {
  const program = addSettings(quiet(new Command('pabal')), settingKeys)
    .configureHelp({ formatItem: helpItem })
    .description(
      'One message broker for queues and streams. Without a command it starts the broker.',
    )
    .version(version)
    .addHelpText('after', epilogue)
  const define = (name: CommandName, summary: string): Command =>
    quiet(program.command(name).description(summary))
  const commands = {
    start: addSettings(define('start', 'Start the broker (the default)'), settingKeys),
    verify: addSettings(define('verify', 'Check a data folder; the broker must not run'), ['data']),
    repair: addSettings(define('repair', 'Mend a damaged data folder, offline'), ['data']),
  }
  commands.repair.option('--dry-run', 'Only report what would be changed')
  addRemoteCommands(program, onAsk)
  program.action(() => onCommand('start', program))
  for (const name of commandNames) commands[name].action(() => onCommand(name, commands[name]))
  throwMistakes(program)
  return program
}

/** Mistakes after a command point to the help of that command. */
function throwMistakes(command: Command, parents: readonly string[] = []): void {
  const path = [...parents, command.name()]
  command.exitOverride((error) => {
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

function rejectOperands(command: Command): void {
  const [operand] = command.args
  if (operand === undefined) return
  const closest = findClosestName(operand, [
    ...commandNames,
    'policy',
    'user',
    'vhost',
    'permission',
    'queue',
    'definitions',
    'backup',
    'restore',
    'move',
    'drain',
    'revive',
  ])
  const advice = closest === undefined ? 'see pabal --help' : `did you mean ${closest}?`
  throw new ExitError(exitCodes.usage, `unknown command ${operand}; ${advice}`)
}

/** Reads any arguments; see `readArguments`. */
export function readCommandLine(argv: readonly string[]): Arguments {
  let result: Arguments = {
    command: 'nothing',
    flags: new Map(),
    configFile: undefined,
    isDryRun: false,
  }
  const take = (name: Arguments['command'], command: Command): void => {
    const values = command.optsWithGlobals<Record<string, string | undefined>>()
    result = {
      command: name,
      flags: flagsOf(values),
      configFile: values['config'],
      isDryRun: Boolean(values['dryRun']),
    }
  }
  const program = buildProgram({
    onCommand(name, command) {
      rejectOperands(command)
      take(name, command)
    },
    onAsk(ask, command) {
      take('ask', command)
      result = { ...result, ask }
    },
  })
  try {
    program.parse(argv, { from: 'user' })
  } catch (error) {
    // Help and the version were printed.
    if (!(error instanceof CommanderError)) throw error
  }
  return result
}

function flagsOf(values: Readonly<Record<string, string | undefined>>): Map<SettingKey, string> {
  return new Map(
    settingKeys.flatMap((key) => (values[key] === undefined ? [] : [[key, values[key]] as const])),
  )
}
