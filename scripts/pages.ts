// Finds in a page of Markdown what a reader may follow: links, headings and commands of the program.

/** A fenced block, which may stand in a list. */
const fence = /^ *```.*?\n([^]*?)^ *```$/gm
const inlineCode = /`([^`\n]+)`/g
/** As an installed package names it, and as the repository does. */
const programName = /^(?:\$ )?(?:pabal|npm start --)(?: +|$)/

/** Targets of links within the project. */
export function linksOf(text: string): string[] {
  const prose = text.replace(fence, '').replace(inlineCode, '')
  return Array.from(prose.matchAll(/\]\(([^)\s]+)\)/g), ([, target = '']) => target).filter(
    (target) => !/^[a-z]+:/.test(target),
  )
}

/** What a link to each heading has behind `#`, as GitHub makes it. */
export function anchorsOf(text: string): string[] {
  const seen = new Map<string, number>()
  return Array.from(text.replace(fence, '').matchAll(/^#{1,6} +(.+)$/gm), ([, title = '']) => {
    const anchor = title
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[^\p{L}\p{N}\p{Pc} -]/gu, '')
      .replaceAll(' ', '-')
    const count = seen.get(anchor) ?? 0
    seen.set(anchor, count + 1)
    return count === 0 ? anchor : `${anchor}-${count}`
  })
}

/** What the program is called with, without its name: of blocks, then of what stands in sentences. */
export function commandsOf(text: string): string[] {
  const lines = Array.from(text.matchAll(fence), ([, block = '']) =>
    block.replace(/ *\\\n */g, ' ').split('\n'),
  ).flat()
  const inline = Array.from(text.replace(fence, '').matchAll(inlineCode), ([, code = '']) => code)
  return [...lines, ...inline]
    .map((line) => line.trim())
    .filter((line) => programName.test(line) && !line.includes('…'))
    .map((line) => line.replace(programName, '').trimEnd())
}

/** Words as a shell has them; of its quotes only single ones. What follows a `#` is a remark. */
export function wordsOf(command: string): string[] {
  return Array.from(command.replace(/ +#.*$/, '').matchAll(/(?:'[^']*'|[^\s'])+/g), ([word]) =>
    word.replaceAll("'", ''),
  )
}
