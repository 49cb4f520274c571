// What the search looks in: a row for each heading of each page, with the words below it, each once.
import { anchorsOf } from '../pages.ts'
import type { SitePage } from './site-order.ts'

/** Short names: there are a thousand rows, which are loaded when somebody searches. */
export interface SearchRow {
  /** Where it is. */
  readonly u: string
  /** The page, and the heading in it. */
  readonly p: string
  readonly h: string
  /** How the text begins. */
  readonly t: string
  /** Its words, lower case, each once. */
  readonly w: string
}

const leadLength = 140
/** Reasons and history are found by how they begin. */
const shortPages = /^(?:decisions|changelog|performance|examples\/)/
/** Words that are everywhere lead nowhere. */
const common = new Set(
  'the a an of to in is it and that for are as be by on or with what which not no its from this has at who'.split(
    ' ',
  ),
)

/** Rows of a page, the one of its title first. */
export function searchRows({ url, title, markdown }: SitePage): SearchRow[] {
  const anchors = anchorsOf(markdown)
  const rows: SearchRow[] = []
  for (const { heading, text } of partsOf(markdown)) {
    const anchor = heading === '' ? '' : (anchors.shift() ?? '')
    const isTitle = rows.length === 0
    const words = new Set(
      plain(`${heading} ${shortPages.test(url) ? text.slice(0, 400) : text}`)
        .toLowerCase()
        .match(/[\p{L}\p{N}_.-]{2,}/gu),
    )
    rows.push({
      u: isTitle ? url : `${url}#${anchor}`,
      p: title,
      h: isTitle ? '' : plain(heading),
      t: plain(text).slice(0, leadLength),
      w: [...words].filter((word) => !common.has(word)).join(' '),
    })
  }
  return rows
}

function partsOf(markdown: string): { heading: string; text: string }[] {
  const parts: { heading: string; text: string }[] = []
  let isCode = false
  for (const line of markdown.split('\n')) {
    if (/^ *```/.test(line)) isCode = !isCode
    const heading = isCode ? undefined : /^#{1,6} +(.+)$/.exec(line)?.[1]
    if (heading !== undefined) parts.push({ heading, text: '' })
    else {
      const last = parts.at(-1)
      if (last !== undefined) last.text += `${line}\n`
    }
  }
  return parts
}

function plain(markdown: string): string {
  return markdown
    .replace(/<!--[^]*?-->/g, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/^ *```.*$/gm, ' ')
    .replace(/[`*|]|^\s*[-:| ]+$/gm, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}
