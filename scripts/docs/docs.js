// What the pages do: search, copy, and light or dark. All of them can be read without it.
const root = document.documentElement.dataset.root
const field = document.querySelector('#docs-search')
const found = document.querySelector('#docs-found')
const shownMax = 12

let rows

async function load() {
  rows ??= fetch(`${root}/search.json`).then((answer) => answer.json())
  return rows
}

/** How well a row fits; 0 when one of the words is not in it. */
function score(row, words) {
  let sum = 0
  const heading = row.h.toLowerCase()
  const page = row.p.toLowerCase()
  const text = ` ${row.w}`
  for (const word of words) {
    if (heading.includes(word)) sum += 8
    else if (row.h === '' && page.includes(word)) sum += 10
    else if (text.includes(` ${word}`)) sum += 2
    else if (text.includes(word)) sum += 1
    else if (page.includes(word)) sum += 1
    else return 0
  }
  // Reasons and history after what people look for.
  return /^(?:decisions|changelog)/.test(row.u) ? sum / 4 : sum
}

async function search() {
  const text = field.value.trim().toLowerCase()
  const words = text.split(/\s+/).filter((word) => word !== '')
  const all = words.length === 0 ? [] : await load()
  if (field.value.trim().toLowerCase() !== text) return
  const best = all
    .map((row) => ({ row, points: score(row, words) }))
    .filter(({ points }) => points > 0)
    .sort((a, b) => b.points - a.points)
    .slice(0, shownMax)
  show(
    best.map(({ row }) => row),
    words.length > 0,
  )
}

function show(best, isAsked) {
  found.replaceChildren(...best.map(optionOf))
  if (isAsked && best.length === 0) {
    const nothing = document.createElement('p')
    nothing.textContent = 'Nothing has these words'
    found.append(nothing)
  }
  found.hidden = !isAsked
  field.setAttribute('aria-expanded', String(isAsked))
  choose(best.length > 0 ? 0 : -1)
}

function optionOf(row, index) {
  const link = document.createElement('a')
  link.href = `${root}/${row.u}`
  link.id = `docs-found-${index}`
  link.role = 'option'
  const title = document.createElement('b')
  title.textContent = row.h === '' ? row.p : row.h
  const place = document.createElement('small')
  place.textContent = row.h === '' ? row.t : `${row.p} · ${row.t}`
  link.append(title, place)
  return link
}

let chosen = -1

function choose(index) {
  const options = [...found.querySelectorAll('a')]
  chosen = Math.min(index, options.length - 1)
  for (const [at, option] of options.entries())
    option.setAttribute('aria-selected', String(at === chosen))
  options[chosen]?.scrollIntoView({ block: 'nearest' })
  if (chosen >= 0) field.setAttribute('aria-activedescendant', `docs-found-${chosen}`)
  else field.removeAttribute('aria-activedescendant')
}

field.addEventListener('focus', () => void load())
field.addEventListener('input', () => void search())
field.addEventListener('keydown', (event) => {
  if (event.key === 'ArrowDown') choose(chosen + 1)
  else if (event.key === 'ArrowUp') choose(Math.max(chosen - 1, 0))
  else if (event.key === 'Enter') found.querySelectorAll('a')[chosen]?.click()
  else if (event.key === 'Escape') {
    field.value = ''
    show([], false)
    field.blur()
  } else return
  event.preventDefault()
})
document.addEventListener('keydown', (event) => {
  const isTyped = /^(?:INPUT|TEXTAREA)$/.test(event.target.tagName)
  if (isTyped || event.ctrlKey || event.metaKey || event.altKey || event.key !== '/') return
  event.preventDefault()
  field.focus()
})
document.addEventListener('click', (event) => {
  if (!event.target.closest('.search')) show([], false)
})

/** A page that came without TLS from elsewhere has no clipboard; a selection does there. */
async function copy(block, button) {
  const code = block.querySelector('code')
  if (isSecureContext) await navigator.clipboard.writeText(code.textContent)
  else {
    getSelection().selectAllChildren(code)
    document.execCommand('copy')
  }
  button.textContent = 'copied'
  setTimeout(() => (button.textContent = 'copy'), 1500)
}

for (const block of document.querySelectorAll('.code')) {
  const button = document.createElement('button')
  button.type = 'button'
  button.textContent = 'copy'
  button.addEventListener('click', () => void copy(block, button))
  block.append(button)
}

document.querySelector('#docs-theme').addEventListener('click', () => {
  const { dataset } = document.documentElement
  const isDark = dataset.theme
    ? dataset.theme === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches
  dataset.theme = isDark ? 'light' : 'dark'
  try {
    localStorage.setItem('pabal.theme', dataset.theme)
  } catch {
    // A browser that keeps nothing forgets it with the page.
  }
})

// The page that is shown is in sight in the list of pages.
document.querySelector('.pages [aria-current]')?.scrollIntoView({ block: 'center' })
scrollTo(0, location.hash === '' ? 0 : scrollY)
