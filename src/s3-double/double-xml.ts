// The little XML that S3 speaks: answers are written, and from requests the values of some elements are read.

/** What an element holds: text, elements by their names, or the same element several times over. */
export type XmlValue = string | number | boolean | XmlElements | readonly XmlElements[]

/** Elements in their order; those without a value are left out. */
export interface XmlElements {
  readonly [name: string]: XmlValue | undefined
}

const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/'

/** A document with one root. */
export function writeXml(root: string, elements: XmlElements): string {
  const body = writeElements(elements)
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="${namespace}">${body}</${root}>`
}

/** Texts of all elements of this name, in their order. */
export function readXml(text: string, name: string): string[] {
  const element = new RegExp(`<${name}>([^<]*)</${name}>`, 'g')
  return Array.from(text.matchAll(element), ([, value = '']) => unescape(value))
}

function writeElements(elements: XmlElements): string {
  return Object.entries(elements)
    .map(([name, value]) => (value === undefined ? '' : writeElement(name, value)))
    .join('')
}

function writeElement(name: string, value: XmlValue): string {
  if (Array.isArray(value)) return value.map((each) => writeElement(name, each)).join('')
  const inner = typeof value === 'object' ? writeElements(value as XmlElements) : escape(value)
  return `<${name}>${inner}</${name}>`
}

const escapes: readonly (readonly [string, string])[] = [
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&apos;'],
]

function escape(value: string | number | boolean): string {
  return escapes.reduce((text, [plain, escaped]) => text.replaceAll(plain, escaped), String(value))
}

/** `&amp;` last, which others may come from. */
function unescape(value: string): string {
  return escapes
    .toReversed()
    .reduce((text, [plain, escaped]) => text.replaceAll(escaped, plain), value)
}
