// What a structured payload says, whatever it was encoded with: one kind of tree for one kind of view. Numbers keep
// all their digits, maps their order and their doubles.

/** A value and all that is in it. */
export type Tree =
  | { readonly kind: 'map'; readonly entries: readonly Entry[]; readonly isCut?: boolean }
  | { readonly kind: 'list'; readonly items: readonly Tree[]; readonly isCut?: boolean }
  | { readonly kind: 'text'; readonly text: string; readonly isCut?: boolean }
  /** As it is written, or would be. */
  | { readonly kind: 'number'; readonly text: string }
  /** `true`, `null` and the like. */
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** Something with a meaning of its own: a timestamp, an extension, a tag. */
  | { readonly kind: 'tagged'; readonly tag: string; readonly value: Tree }

export interface Entry {
  readonly label: string
  readonly value: Tree
}

/** Deeper ones are refused by all decoders: nobody reads them, and their stack would end. */
export const depthMax = 512

/** What is wrong with bytes that are not what they were taken for. */
export class DecodeError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'DecodeError'
  }
}

/** How many values are in it, itself aside. */
export function childrenOf(tree: Tree): readonly Entry[] {
  switch (tree.kind) {
    case 'map':
      return tree.entries
    case 'list':
      return tree.items.map((value, index) => ({ label: String(index), value }))
    case 'tagged':
      return childrenOf(tree.value)
    default:
      return []
  }
}

/** In one line, as JSON would say it; what JSON has no word for, in words. */
export function lineOf(tree: Tree, lengthMax: number): string {
  const parts: string[] = []
  let length = 0
  const add = (text: string): boolean => {
    parts.push(text)
    length += text.length
    return length <= lengthMax
  }
  writeLine(tree, add)
  const line = parts.join('')
  return line.length > lengthMax ? `${line.slice(0, lengthMax)}…` : line
}

function writeLine(tree: Tree, add: (text: string) => boolean): boolean {
  switch (tree.kind) {
    case 'map':
      return writeAll(tree.entries, '{}', add, ({ label, value }) => {
        return add(`${JSON.stringify(label)}:`) && writeLine(value, add)
      })
    case 'list':
      return writeAll(tree.items, '[]', add, (item) => writeLine(item, add))
    case 'text':
      return add(JSON.stringify(tree.text))
    case 'bytes':
      return add(`${tree.bytes.length} bytes`)
    case 'tagged':
      return add(`${tree.tag} `) && writeLine(tree.value, add)
    default:
      return add(tree.text)
  }
}

function writeAll<T>(
  items: readonly T[],
  [open = '', close = '']: string,
  add: (text: string) => boolean,
  write: (item: T) => boolean,
): boolean {
  if (!add(open)) return false
  for (const [index, item] of items.entries()) {
    if (index > 0 && !add(',')) return false
    if (!write(item)) return false
  }
  return add(close)
}

/** As indented lines, for comparing and copying. */
export function linesOf(tree: Tree): string[] {
  const lines: string[] = []
  writeLines(tree, { indent: '', label: '', end: '', lines })
  return lines
}

interface Place {
  readonly indent: string
  readonly label: string
  readonly end: string
  readonly lines: string[]
}

function writeLines(tree: Tree, { indent, label, end, lines }: Place): void {
  const children = childrenOf(tree)
  const tag = tree.kind === 'tagged' ? `${tree.tag} ` : ''
  const inner = tree.kind === 'tagged' ? tree.value : tree
  if (children.length === 0) {
    lines.push(`${indent}${label}${tag}${lineOf(inner, Infinity)}${end}`)
    return
  }
  const [open, close] = inner.kind === 'list' ? '[]' : '{}'
  lines.push(`${indent}${label}${tag}${open}`)
  for (const [index, child] of children.entries()) {
    writeLines(child.value, {
      indent: `${indent}  `,
      label: inner.kind === 'list' ? '' : `${JSON.stringify(child.label)}: `,
      end: index === children.length - 1 ? '' : ',',
      lines,
    })
  }
  lines.push(`${indent}${close}${end}`)
}
