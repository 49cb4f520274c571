// Which pages the documentation has, in which order, and where each is in the site.
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'

/** A page as it is in the repository, with its place in the site. */
export interface SitePage {
  /** From the root of the repository: `docs/tls.md`. */
  readonly file: string
  /** From the root of the site: `tls.html`. */
  readonly url: string
  /** Its first heading. */
  readonly title: string
  /** What lists of pages call it. */
  readonly shortTitle: string
  readonly markdown: string
}

export interface SiteSection {
  readonly title: string
  /** Parts of pages that people look for by themselves: name and place in the site. */
  readonly parts: readonly (readonly [name: string, url: string])[]
  readonly pages: readonly SitePage[]
}

/** Pages by file; each with what lists call it, where that is not its title. */
interface ListedSection {
  readonly title: string
  readonly pages: Readonly<Record<string, string | null>>
  /** Names of parts, each with its file and anchor. */
  readonly parts?: Readonly<Record<string, string>>
}

/** Sections of docs/site.yaml, then the decisions and pages that others lead to. */
export function readSite(root: string): SiteSection[] {
  const text = readFileSync(path.join(root, 'docs/site.yaml'), 'utf8')
  const listed = parse(text) as readonly ListedSection[]
  const sections = listed.map(({ title, pages, parts = {} }) => ({
    title,
    parts: Object.entries(parts).map(([name, place]) => {
      const [file = '', anchor = ''] = place.split('#')
      return [name, `${urlOf(path.posix.join('docs', file))}#${anchor}`] as const
    }),
    pages: Object.entries(pages).map(([page, shortTitle]) =>
      readPage(root, path.posix.join('docs', page), shortTitle ?? undefined),
    ),
  }))
  const decisions = globSync('docs/decisions/*.md', { cwd: root }).toSorted()
  return [
    ...sections,
    { title: 'Decisions', parts: [], pages: decisions.map((file) => readPage(root, file)) },
  ]
}

/** Pages of examples: the table of examples leads to them, the navigation does not. */
export function readUnlisted(root: string): SitePage[] {
  const files = ['README.md', ...globSync('examples/*/README.md', { cwd: root }).toSorted()]
  return files.map((file) => readPage(root, file))
}

/** Pages of docs that no section has. */
export function missingFromOrder(root: string, sections: readonly SiteSection[]): string[] {
  const listed = new Set(sections.flatMap(({ pages }) => pages.map(({ file }) => file)))
  return globSync('docs/*.md', { cwd: root }).filter((file) => !listed.has(file))
}

function readPage(root: string, file: string, shortTitle?: string): SitePage {
  const text = readFileSync(path.join(root, file), 'utf8')
  const markdown = withCode(root, path.posix.dirname(file), text)
  const title = /^# +(.+)$/m.exec(markdown)?.[1] ?? file
  const plain = title.replaceAll('`', '')
  return { file, url: urlOf(file), title: plain, shortTitle: shortTitle ?? plain, markdown }
}

const codeLink = /\]\(([\w-]+\.(?:mjs|py|java|go|sh))\)/g

/** Programs beside a page that its links name stand in the page itself, below its text. */
function withCode(root: string, folder: string, markdown: string): string {
  const names = Array.from(markdown.matchAll(codeLink), ([, name = '']) => name)
  const parts = names.map((name) => {
    const code = readFileSync(path.join(root, folder, name), 'utf8').trimEnd()
    return `\n## ${name}\n\n\`\`\`${path.extname(name).slice(1)}\n${code}\n\`\`\`\n`
  })
  const text = markdown.replaceAll(codeLink, (_, name: string) => {
    return `](#${name.toLowerCase().replaceAll('.', '')})`
  })
  return text + parts.join('')
}

/** `docs/README.md` is the front page, `examples/rpc/README.md` is `examples/rpc.html`. */
function urlOf(file: string): string {
  if (file === 'docs/README.md') return 'index.html'
  const place = file.replace(/^docs\//, '').replace(/\/README\.md$/, '.md')
  return place.replace(/\.md$/, '.html').toLowerCase()
}
