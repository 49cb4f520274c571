// Markdown to HTML: as GitHub shows it, with links within the site, headings that can be linked to, and code that
// can be copied. Nothing in it needs a script or a style of its own, which the broker's policy would refuse.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { Marked, type Token, type Tokens } from 'marked'
import { anchorsOf } from '../pages.ts'
import type { SitePage } from './site-order.ts'

export interface RenderedPage {
  readonly html: string
  /** Headings below the title. */
  readonly headings: readonly Heading[]
}

export interface Heading {
  readonly depth: number
  readonly text: string
  readonly anchor: string
}

/** `places` has the pages by their file in the repository. */
export function renderPage(page: SitePage, places: ReadonlyMap<string, SitePage>): RenderedPage {
  const anchors = anchorsOf(page.markdown)
  const headings: Heading[] = []
  const marked = new Marked({ gfm: true })
  marked.use({
    renderer: {
      heading({ tokens, depth }: Tokens.Heading): string {
        const inner = this.parser.parseInline(tokens)
        const anchor = anchors.shift() ?? ''
        const text = plain(inner)
        if (depth > 1) headings.push({ depth, text, anchor })
        const link =
          depth > 1
            ? ` <a class="anchor" href="#${anchor}" aria-label="Link to ${escapeHtml(text)}">#</a>`
            : ''
        return `<h${depth} id="${anchor}">${inner}${link}</h${depth}>\n`
      },
      link({ href, tokens, title }: Tokens.Link): string {
        const target = targetOf(href, page, places)
        const inner = nameOfFile(tokens, href, page, places) ?? this.parser.parseInline(tokens)
        // What is only in the repository has no page here.
        if (target === undefined) return `<span class="source" title="${href}">${inner}</span>`
        const about = title ? ` title="${escapeHtml(title)}"` : ''
        return `<a href="${escapeHtml(target)}"${about}>${inner}</a>`
      },
      codespan({ text }: Tokens.Codespan): string {
        // A line does not end behind the dashes of a flag.
        const code = escapeHtml(text).replace(/--[\w-]+/g, '<span class="flag">$&</span>')
        return `<code>${code}</code>`
      },
      image({ href, text }: Tokens.Image): string {
        if (href.endsWith('.svg'))
          return drawing(path.posix.join(path.posix.dirname(page.file), href))
        const source = imageOf(href, page)
        return `<img src="${source}" alt="${escapeHtml(text)}" loading="lazy">`
      },
      code({ text, lang }: Tokens.Code): string {
        const language = /^\w+/.exec(lang ?? '')?.[0] ?? ''
        const label = language === '' ? 'Text' : `Code, ${language}`
        const code = language === 'sh' ? withRemarks(text) : escapeHtml(text)
        return `<div class="code"><pre tabindex="0" role="group" aria-label="${label}"><code>${code}</code></pre></div>\n`
      },
      table(token: Tokens.Table): string {
        const row = (cells: readonly Tokens.TableCell[], kind: 'th' | 'td'): string =>
          `<tr>${cells.map((cell) => `<${kind}>${this.parser.parseInline(cell.tokens)}</${kind}>`).join('')}</tr>`
        const isHeadless = token.header.every(({ text }) => text === '')
        const head = isHeadless ? '' : `<thead>${row(token.header, 'th')}</thead>`
        const body = token.rows.map((cells) => row(cells, 'td')).join('\n')
        return `<div class="table" tabindex="0" role="group" aria-label="Table"><table>${head}<tbody>${body}</tbody></table></div>\n`
      },
    },
  })
  const html = marked.parse(page.markdown, { async: false })
  return { html: emptyHeads(html), headings }
}

/** A head cell without text is none for who cannot see the table. */
function emptyHeads(html: string): string {
  return html.replaceAll('<th></th>', '<td></td>')
}

/** Where a link leads in the site; undefined for a file that is no page of it. */
function targetOf(
  href: string,
  page: SitePage,
  places: ReadonlyMap<string, SitePage>,
): string | undefined {
  if (/^(?:[a-z]+:|#)/.test(href)) return href
  const [, anchor] = href.split('#')
  const place = pageOf(href, page, places)
  if (place === undefined) return undefined
  const relative = path.posix.relative(path.posix.dirname(page.url), place.url)
  return anchor === undefined ? relative : `${relative}#${anchor}`
}

function pageOf(
  href: string,
  page: SitePage,
  places: ReadonlyMap<string, SitePage>,
): SitePage | undefined {
  const [target = ''] = href.split('#')
  const file = path.posix.join(path.posix.dirname(page.file), target).replace(/\/$/, '')
  const first = (): SitePage | undefined =>
    [...places.values()].find((each) => each.file.startsWith(`${file}/`))
  return places.get(file) ?? places.get(`${file}/README.md`) ?? first()
}

/** A link that says only the name of its file says the page's name here. */
function nameOfFile(
  tokens: readonly Token[],
  href: string,
  page: SitePage,
  places: ReadonlyMap<string, SitePage>,
): string | undefined {
  const text = tokens.map(({ raw }) => raw).join('')
  if (!/^(?:docs\/)?[\w-]+\.md$/.test(text)) return undefined
  const name = pageOf(href, page, places)?.shortTitle
  return name === undefined ? undefined : escapeHtml(name)
}

/** Pictures of docs/images are copied to the same place in the site. */
function imageOf(href: string, page: SitePage): string {
  const file = path.posix.join(path.posix.dirname(page.file), href)
  return path.posix.relative(path.posix.dirname(page.url), file.replace(/^docs\//, ''))
}

/** Drawings stand in the page itself, whose colours they get; the file has its own, for GitHub. */
function drawing(file: string): string {
  return readFileSync(path.join(import.meta.dirname, '../..', file), 'utf8')
    .replace(/<style>[^]*?<\/style>\n?/, '')
    .replace('<svg ', '<svg class="drawing" ')
    .trim()
}

/** Of commands, what follows a `#` is a remark. */
function withRemarks(text: string): string {
  return text
    .split('\n')
    .map((line) => {
      const [, command = '', remark] = /^(.*?)((?:^|\s+)#\s.*)?$/.exec(line) ?? []
      const said = remark === undefined ? '' : `<span class="remark">${escapeHtml(remark)}</span>`
      return `${escapeHtml(command)}${said}`
    })
    .join('\n')
}

function plain(html: string): string {
  return html
    .replace(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
