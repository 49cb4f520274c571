// The whole command line as plain data: what completions and docs/command-line.md are made of.
import type { Command, Option } from 'commander'

export interface CommandNode {
  /** Words after the program's name; none for the program itself. */
  readonly path: readonly string[]
  readonly aliases: readonly string[]
  readonly summary: string
  /** Operands as help shows them: `<NAME> [FILE]`. */
  readonly operands: string
  readonly options: readonly OptionNode[]
  readonly children: readonly CommandNode[]
}

export interface OptionNode {
  /** `--output` */
  readonly long: string
  /** `-o` */
  readonly short: string | undefined
  /** What stands for its value: `FORMAT`; undefined when it takes none. */
  readonly value: string | undefined
  readonly summary: string
  /** Above which options it stands. */
  readonly group: string | undefined
}

/** A command and all below it. */
export function commandTree(command: Command, path: readonly string[] = []): CommandNode {
  return {
    path,
    aliases: command.aliases(),
    summary: command.description(),
    operands: command.registeredArguments
      .map((argument) => {
        const name = `${argument.name()}${argument.variadic ? '...' : ''}`
        return argument.required ? `<${name}>` : `[${name}]`
      })
      .join(' '),
    options: command.createHelp().visibleOptions(command).map(optionOf),
    children: command.commands.map((child) => commandTree(child, [...path, child.name()])),
  }
}

function optionOf({ long, short, flags, description, helpGroupHeading }: Option): OptionNode {
  return {
    long: long ?? '',
    short,
    value: /[<[]([^>\]]+)/.exec(flags)?.[1],
    summary: description,
    group: helpGroupHeading?.replace(/:$/, ''),
  }
}

/** It and all below it. */
export function allNodes(node: CommandNode): CommandNode[] {
  return [node, ...node.children.flatMap(allNodes)]
}
