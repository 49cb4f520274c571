// `pabal config`: what a broker that is started here would be set to, and whether it would start with that.
import { exitCodes } from '../lib/exit-codes.ts'
import { type LoadedConfig, loadConfig } from '../settings/load-config.ts'
import { shownSettings } from '../settings/shown-settings.ts'
import type { AddCommand, Session } from './remote-command.ts'
import { outputOption, readFormat, showRows } from './show-rows.ts'

const configOption = ['--config <FILE>', 'File of settings (default: pabal.yaml)'] as const

export const addConfigCommands: AddCommand = (config, _remote, local) => {
  local(config, 'show', {
    summary: 'Show all settings; passwords are in files and not shown',
    run: (_operands, flags) => {
      const format = readFormat(flags['output'] as string | undefined)
      const isTold = flags['origin'] === true
      const columns = ['setting', 'value', ...(isTold ? ['origin'] : [])]
      const wideColumns = isTold ? [] : ['origin']
      return async (session) => {
        const { options, origins } = await load(session)
        const rows = shownSettings(options, origins)
          .filter(({ origin }) => flags['given'] !== true || origin !== 'default')
          .map((row) => ({ ...row }))
        const shown = { title: 'such settings', columns, wideColumns, nameKey: 'setting', rows }
        await showRows(shown, format, session.terminal)
        return exitCodes.ok
      }
    },
  })
    .option('--origin', 'Where each is from: a variable, a file or the default')
    .option('--given', 'Only those that somebody gave')
    .option(...configOption)
    .option(...outputOption)
  local(config, 'check', {
    summary: 'Say whether a broker would start with the settings there are',
    run: () => async (session) => {
      const { given, warnings } = await load(session)
      for (const warning of warnings) session.terminal.tell(warning)
      const count = given.size === 1 ? '1 setting is' : `${given.size} settings are`
      session.terminal.print(`${count} given, and all is right`)
      return exitCodes.ok
    },
  }).option(...configOption)
}

function load({ flags, configFile, environment }: Session): Promise<LoadedConfig> {
  return loadConfig({ flags, configFile, environment })
}
