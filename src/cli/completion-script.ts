// Completion scripts for shells, of the command tree.
import { allNodes, type CommandNode } from './command-tree.ts'

/** What `--output` takes. */
const outputForms = 'table wide json ndjson yaml name'

export type Shell = 'bash' | 'zsh' | 'fish'

export function completionScript(root: CommandNode, shell: Shell): string {
  const nodes = allNodes(root)
  if (shell === 'fish') return fishScript(nodes)
  return shell === 'bash' ? bashScript(nodes) : zshScript(nodes)
}

/** Names of files are completed after these. */
const fileValue = /^(?:FILE|FOLDER)$/

/** Every way to write a path: an alias is another word. */
function pathsOf(node: CommandNode, nodes: readonly CommandNode[]): string[] {
  if (node.path.length === 0) return ['']
  const parent = nodes.find(({ path }) => path.join(' ') === node.path.slice(0, -1).join(' '))
  const before = parent === undefined ? [''] : pathsOf(parent, nodes)
  const words = [node.path.at(-1) ?? '', ...node.aliases]
  return before.flatMap((path) => words.map((word) => `${path} ${word}`.trimStart()))
}

function wordsOf({ children, options }: CommandNode): string[] {
  return [
    ...children.flatMap(({ path, aliases }) => [path.at(-1) ?? '', ...aliases]),
    ...options.flatMap(({ long, short }) => (short === undefined ? [long] : [long, short])),
  ]
}

/** Options whose value is the next word, by whether it is the name of a file. */
function valueOptions(nodes: readonly CommandNode[], isFile: boolean): string[] {
  const found = nodes.flatMap(({ options }) =>
    options
      .filter(({ value }) => value !== undefined && fileValue.test(value) === isFile)
      .flatMap(({ long, short }) => (short === undefined ? [long] : [long, short])),
  )
  return [...new Set(found)].toSorted()
}

/** The body that bash and zsh have in common: walks over the words that are there, then offers the next ones. */
function caseLines(nodes: readonly CommandNode[]): string {
  return nodes
    .map((node) => {
      const patterns = pathsOf(node, nodes).map((path) => `'${path}'`)
      return `    ${patterns.join('|')}) words='${wordsOf(node).join(' ')}' ;;`
    })
    .join('\n')
}

function bashScript(nodes: readonly CommandNode[]): string {
  return `# Completion of pabal for bash: pabal completion bash
_pabal_words() {
  local words=''
  case "$1" in
${caseLines(nodes)}
    *) return 1 ;;
  esac
  printf '%s' "$words"
}

_pabal() {
  local word path='' next index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    case "$word" in
      ${[...valueOptions(nodes, true), ...valueOptions(nodes, false)].join('|')}) index=$((index + 1)); continue ;;
      -*) continue ;;
    esac
    next="\${path:+$path }$word"
    if _pabal_words "$next" >/dev/null; then path="$next"; fi
  done
  word="\${COMP_WORDS[COMP_CWORD]}"
  case "\${COMP_WORDS[COMP_CWORD - 1]}" in
    ${valueOptions(nodes, true).join('|')}) compopt -o default 2>/dev/null || COMPREPLY=($(compgen -f -- "$word")); return ;;
    -o|--output) COMPREPLY=($(compgen -W '${outputForms}' -- "$word")); return ;;
    ${valueOptions(nodes, false).join('|')}) return ;;
  esac
  COMPREPLY=($(compgen -W "$(_pabal_words "$path")" -- "$word"))
}
complete -F _pabal pabal
`
}

function zshScript(nodes: readonly CommandNode[]): string {
  return `#compdef pabal
# Completion of pabal for zsh: pabal completion zsh
_pabal_words() {
  local words=''
  case "$1" in
${caseLines(nodes)}
    *) return 1 ;;
  esac
  REPLY="$words"
}

_pabal() {
  local word command='' next REPLY
  local -i index
  for ((index = 2; index < CURRENT; index++)); do
    word="\${words[index]}"
    case "$word" in
      ${[...valueOptions(nodes, true), ...valueOptions(nodes, false)].join('|')}) index=$((index + 1)); continue ;;
      -*) continue ;;
    esac
    next="\${command:+$command }$word"
    if _pabal_words "$next"; then command="$next"; fi
  done
  case "\${words[CURRENT - 1]}" in
    ${valueOptions(nodes, true).join('|')}) _files; return ;;
    -o|--output) compadd ${outputForms}; return ;;
    ${valueOptions(nodes, false).join('|')}) return ;;
  esac
  _pabal_words "$command" && compadd -- \${=REPLY}
}
compdef _pabal pabal
`
}

function fishScript(nodes: readonly CommandNode[]): string {
  const lines = nodes.flatMap((node) => {
    const at = `-n '__pabal_at ${JSON.stringify(node.path.join(' '))}'`
    const words = node.children.flatMap(({ path, aliases, summary }) =>
      [path.at(-1) ?? '', ...aliases].map(
        (word) => `complete -c pabal -f ${at} -a ${word} -d ${quoted(summary)}`,
      ),
    )
    const options = node.options.map(({ long, short, value, summary }) => {
      const letter = short === undefined ? '' : ` -s ${short.slice(1)}`
      const needs = value === undefined ? '' : fishValue(long, value)
      return `complete -c pabal ${at} -l ${long.slice(2)}${letter}${needs} -d ${quoted(summary)}`
    })
    return [...words, ...options]
  })
  const values = [...valueOptions(nodes, true), ...valueOptions(nodes, false)].join(' ')
  const cases = nodes.flatMap((node) =>
    node.path.length === 0
      ? []
      : [
          `    case ${pathsOf(node, nodes)
            .map((path) => `'${path}'`)
            .join(' ')}
      set path '${node.path.join(' ')}'`,
        ],
  )
  return `# Completion of pabal for fish: pabal completion fish
function __pabal_path
  set -l path ''
  set -l skip 0
  for word in (commandline -opc)[2..]
    if test $skip = 1
      set skip 0
      continue
    end
    if contains -- $word ${values}
      set skip 1
      continue
    end
    string match -q -- '-*' $word; and continue
    switch (string trim "$path $word")
${cases.join('\n')}
    end
  end
  echo $path
end
function __pabal_at
  test "$(__pabal_path)" = "$argv[1]"
end
${lines.join('\n')}
`
}

/** What fish offers for the value of an option. */
function fishValue(option: string, value: string): string {
  if (option === '--output') return ` -x -a '${outputForms}'`
  return fileValue.test(value) ? ' -r -F' : ' -x'
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`
}
