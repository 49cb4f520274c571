// What stands around each page: header with search, navigation, what is on the page, and the pages beside it.
import path from 'node:path'
import { escapeHtml, type Heading } from './render-page.ts'
import type { SitePage, SiteSection } from './site-order.ts'

export interface FrameParts {
  readonly page: SitePage
  readonly html: string
  readonly headings: readonly Heading[]
  readonly sections: readonly SiteSection[]
  readonly version: string
}

/** The whole document. */
export function framePage({ page, html, headings, sections, version }: FrameParts): string {
  const rootPath = path.posix.relative(path.posix.dirname(page.url), '') || '.'
  const title = page.url === 'index.html' ? 'Pabal documentation' : `${page.title} – Pabal`
  return `<!doctype html>
<html lang="en" data-root="${rootPath}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="${rootPath}/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${rootPath}/docs.css">
<script src="${rootPath}/theme.js"></script>
<script src="${rootPath}/docs.js" defer></script>
</head>
<body>
<a class="skip" href="#docs-text">Skip to the text</a>
<header class="top">
<a class="brand" href="${rootPath}/index.html"><img src="${rootPath}/icon.svg" alt="" width="22" height="22">Pabal <span>docs</span></a>
<div class="search" role="search">
<input id="docs-search" type="search" placeholder="Search  /" aria-label="Search the documentation" autocomplete="off" role="combobox" aria-expanded="false" aria-controls="docs-found" aria-autocomplete="list">
<div id="docs-found" role="listbox" aria-label="Found" hidden></div>
</div>
<nav class="places" aria-label="Elsewhere">
<a href="/">Broker</a>
<button type="button" id="docs-theme" aria-label="Light or dark">◐</button>
</nav>
</header>
<div class="columns">
<details class="menu" open>
<summary>${escapeHtml(sectionOf(page, sections) ?? 'Pages')}</summary>
<nav class="pages" aria-label="Pages">
${sections.map((section) => navigation(section, page)).join('\n')}
<p class="version">${escapeHtml(version)}</p>
</nav>
</details>
<main id="docs-text" tabindex="-1">
<article>
${html}
</article>
${neighbours(page, sections)}
</main>
${contents(headings)}
</div>
</body>
</html>
`
}

function sectionOf(page: SitePage, sections: readonly SiteSection[]): string | undefined {
  return sections.find(({ pages }) => pages.includes(page))?.title
}

function navigation({ title, pages, parts }: SiteSection, page: SitePage): string {
  const items = pages.map((each) => {
    const href = path.posix.relative(path.posix.dirname(page.url), each.url)
    const here = each === page ? ' aria-current="page"' : ''
    return `<li><a href="${href}"${here}>${escapeHtml(each.shortTitle)}</a></li>`
  })
  for (const [name, url] of parts) {
    const href = path.posix.relative(path.posix.dirname(page.url), url)
    items.push(`<li><a href="${href}">${escapeHtml(name)}</a></li>`)
  }
  const list = `<ul>\n${items.join('\n')}\n</ul>`
  // Decisions are many and few read them.
  if (title === 'Decisions') {
    const isOpen = pages.includes(page) ? ' open' : ''
    return `<details class="section"${isOpen}><summary>${title}</summary>\n${list}</details>`
  }
  return `<section class="section"><h2>${escapeHtml(title)}</h2>\n${list}</section>`
}

/** Only where there is something to choose from. */
function contents(headings: readonly Heading[]): string {
  const shown = headings.filter(({ depth }) => depth === 2)
  if (shown.length < 3) return '<aside class="contents"></aside>'
  const items = shown.map(
    ({ anchor, text }) => `<li><a href="#${anchor}">${escapeHtml(text)}</a></li>`,
  )
  return `<aside class="contents"><nav aria-label="On this page"><h2>On this page</h2>\n<ul>\n${items.join('\n')}\n</ul></nav></aside>`
}

function neighbours(page: SitePage, sections: readonly SiteSection[]): string {
  const all = sections.flatMap(({ pages }) => pages)
  const index = all.indexOf(page)
  if (index < 0) return ''
  const link = (other: SitePage | undefined, relation: 'prev' | 'next'): string => {
    if (other === undefined) return '<span></span>'
    const href = path.posix.relative(path.posix.dirname(page.url), other.url)
    const word = relation === 'prev' ? 'Before' : 'Next'
    return `<a rel="${relation}" href="${href}"><span>${word}</span>${escapeHtml(other.title)}</a>`
  }
  return `<nav class="beside" aria-label="Before and next">${link(all[index - 1], 'prev')}${link(all[index + 1], 'next')}</nav>`
}
