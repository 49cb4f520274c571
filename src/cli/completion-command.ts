// `pabal completion`: what a shell needs to complete commands and options. All words are in the script
// itself, so that a press of Tab starts nothing.
import { Argument } from 'commander'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { AddCommand } from './remote-command.ts'

const shells = ['bash', 'zsh', 'fish'] as const

export const addCompletionCommand: AddCommand = (command, _remote, local, whole) => {
  local(command, '', {
    run: ([shell = '']) => {
      return async ({ terminal }) => {
        const { commandTree } = await import('./command-tree.ts')
        const { completionScript } = await import('./completion-script.ts')
        const script = completionScript(
          commandTree(await whole()),
          shell as (typeof shells)[number],
        )
        await terminal.write(script)
        return exitCodes.ok
      }
    },
  })
    .addArgument(shellArgument())
    .addHelpText(
      'after',
      `
bash: pabal completion bash > ~/.local/share/bash-completion/completions/pabal
zsh:  pabal completion zsh > ~/.zfunc/_pabal   (with fpath+=~/.zfunc before compinit)
fish: pabal completion fish > ~/.config/fish/completions/pabal.fish`,
    )
}

function shellArgument(): Argument {
  return new Argument('<SHELL>', 'bash, zsh or fish').argParser((shell: string) => {
    if (shells.some((known) => known === shell)) return shell
    throw new ExitError(
      exitCodes.usage,
      `SHELL cannot be '${shell}': use bash, zsh or fish; see pabal completion --help`,
    )
  })
}
