// A payload as a tree: folds, finds, and makes a filter of what is pointed at.
import type { JSX } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import { count } from '../../lib/format.ts'
import { Button } from '../../parts/button.tsx'
import { CopyButton } from '../../parts/values.tsx'
import { childrenOf, lineOf, linesOf, type Tree } from './decode/tree.ts'
import { VirtualLines } from './virtual-lines.tsx'
import './tree-view.css'

export interface TreeViewProps {
  readonly tree: Tree
  /** What is looked for, in names and values. */
  readonly sought: string
  /** Counts up with each wish for the next place. */
  readonly soughtTurn: number
  readonly onFound: (count: number) => void
  /** Undefined where no filter can be made of it. */
  readonly onFilter?: ((path: string, value: Tree) => void) | undefined
}

interface Row {
  readonly path: string
  readonly label: string | undefined
  readonly tree: Tree
  readonly depth: number
  readonly childCount: number
}

const limits = {
  /** Rows that stand open at first. */
  openRows: 250,
  /** Children of one value that stand open at first. */
  openChildren: 100,
  foundMax: 5000,
  /** Characters of a value in its line. */
  lineLength: 2000,
}

export function TreeView(props: TreeViewProps): JSX.Element {
  const { tree, sought, soughtTurn, onFound } = props
  const [open, setOpen] = useState<ReadonlySet<string>>(() => openAtFirst(tree))
  const [cursor, setCursor] = useState(0)
  const rows = useMemo(() => rowsOf(tree, open), [tree, open])
  const found = useMemo(() => find(tree, sought), [tree, sought])
  const [turn, setTurn] = useState('')
  const nowTurn = `${sought} ${soughtTurn}`
  if (turn !== nowTurn) {
    setTurn(nowTurn)
    onFound(found.length)
    const path = found[soughtTurn % Math.max(1, found.length)]
    if (path !== undefined) {
      const opened = new Set([...open, ...ancestorsOf(path)])
      setOpen(opened)
      setCursor(
        Math.max(
          0,
          rowsOf(tree, opened).findIndex((row) => row.path === path),
        ),
      )
    }
  }
  const toggle = (path: string): void => {
    const next = new Set(open)
    if (!next.delete(path)) next.add(path)
    setOpen(next)
  }
  const current = rows[Math.min(cursor, rows.length - 1)]
  return (
    <>
      <VirtualLines
        label="Payload as a tree"
        role="tree"
        count={rows.length}
        shownLine={cursor}
        activeId={current && `tree-${cursor}`}
        onKeyDown={(event) => onTreeKey(event, { rows, cursor, open, setCursor, toggle })}
        render={(index) => (
          <TreeLine
            key={index}
            id={`tree-${index}`}
            row={rows[index]!}
            isOpen={open.has(rows[index]!.path)}
            isCurrent={index === cursor}
            sought={sought}
            onChoose={() => setCursor(index)}
            onToggle={() => toggle(rows[index]!.path)}
          />
        )}
      />
      {current !== undefined && <Pointed row={current} onFilter={props.onFilter} />}
    </>
  )
}

/** What is pointed at: its path, and what one does with it. */
function Pointed({
  row,
  onFilter,
}: {
  readonly row: Row
  readonly onFilter: TreeViewProps['onFilter']
}): JSX.Element {
  const { kind } = row.tree
  const isScalar = kind === 'text' || kind === 'number' || kind === 'word'
  return (
    <div class="tree-pointed">
      <code class="tree-path">{row.path}</code>
      <CopyButton text={row.path} what="path" label="copy path" />
      <CopyButton
        text={row.tree.kind === 'text' ? row.tree.text : linesOf(row.tree).join('\n')}
        what="value"
        label="copy value"
      />
      {onFilter !== undefined && isScalar && row.path !== '$' && (
        <Button kind="quiet" onClick={() => onFilter(row.path, row.tree)}>
          Find messages with this value
        </Button>
      )}
    </div>
  )
}

interface LineProps {
  readonly id: string
  readonly row: Row
  readonly isOpen: boolean
  readonly isCurrent: boolean
  readonly sought: string
  readonly onChoose: () => void
  readonly onToggle: () => void
}

function TreeLine(props: LineProps): JSX.Element {
  const { id, row, isOpen, isCurrent, sought, onChoose, onToggle } = props
  const { tree, label, depth, childCount } = row
  return (
    <div
      id={id}
      class={isCurrent ? 'line tree-line tree-current' : 'line tree-line'}
      role="treeitem"
      aria-level={depth + 1}
      aria-expanded={childCount > 0 ? isOpen : undefined}
      aria-selected={isCurrent}
      style={{ paddingInlineStart: `${8 + Math.min(depth, 40) * 14}px` }}
      onClick={() => (childCount > 0 && isCurrent ? onToggle() : onChoose())}
      onDblClick={() => childCount > 0 && !isCurrent && onToggle()}
    >
      <span
        class="tree-fold"
        aria-hidden="true"
        onClick={(event) => {
          event.stopPropagation()
          onChoose()
          if (childCount > 0) onToggle()
        }}
      >
        {childCount === 0 ? '' : isOpen ? '▾' : '▸'}
      </span>
      {label !== undefined && (
        <>
          <span class="tree-label">
            <Marked text={label} sought={sought} />
          </span>
          {': '}
        </>
      )}
      <Value tree={tree} isOpen={isOpen} childCount={childCount} sought={sought} />
    </div>
  )
}

function Value({
  tree,
  isOpen,
  childCount,
  sought,
}: {
  readonly tree: Tree
  readonly isOpen: boolean
  readonly childCount: number
  readonly sought: string
}): JSX.Element {
  const cut = 'isCut' in tree && tree.isCut ? <span class="soft"> … cut off</span> : null
  if (tree.kind === 'map' || tree.kind === 'list') {
    const [begin, end] = tree.kind === 'map' ? ['{', '}'] : ['[', ']']
    const number = `${begin}${count(childCount)}${end}`
    return (
      <>
        <span class="tree-count">{childCount === 0 ? `${begin}${end}` : number}</span>
        {!isOpen && childCount > 0 && <span class="soft"> {lineOf(tree, 120)}</span>}
        {cut}
      </>
    )
  }
  if (tree.kind === 'tagged') {
    return (
      <>
        <span class="tree-count">{tree.tag} </span>
        <Value tree={tree.value} isOpen={isOpen} childCount={childCount} sought={sought} />
      </>
    )
  }
  return (
    <span class={`tree-${tree.kind}`}>
      <Marked text={scalarText(tree)} sought={sought} />
      {cut}
    </span>
  )
}

function scalarText(tree: Tree): string {
  if (tree.kind !== 'bytes') return lineOf(tree, limits.lineLength)
  const start = Array.from(tree.bytes.subarray(0, 32), (byte) => byte.toString(16).padStart(2, '0'))
  return `${count(tree.bytes.length)} bytes  ${start.join(' ')}`
}

/** A text with what is looked for marked in it. */
export function Marked({
  text,
  sought,
}: {
  readonly text: string
  readonly sought: string
}): JSX.Element {
  const at = sought === '' ? -1 : text.toLowerCase().indexOf(sought.toLowerCase())
  if (at < 0) return <>{text}</>
  const end = at + sought.length
  return (
    <>
      {text.slice(0, at)}
      <mark>{text.slice(at, end)}</mark>
      {text.slice(end)}
    </>
  )
}

interface Keys {
  readonly rows: readonly Row[]
  readonly cursor: number
  readonly open: ReadonlySet<string>
  readonly setCursor: (cursor: number) => void
  readonly toggle: (path: string) => void
}

/** As trees have them: arrows move, fold and unfold. */
function onTreeKey(event: KeyboardEvent, { rows, cursor, open, setCursor, toggle }: Keys): void {
  const row = rows[cursor]
  if (row === undefined) return
  const isOpen = open.has(row.path)
  const moves: Record<string, () => void> = {
    ArrowDown: () => setCursor(Math.min(rows.length - 1, cursor + 1)),
    ArrowUp: () => setCursor(Math.max(0, cursor - 1)),
    Home: () => setCursor(0),
    End: () => setCursor(rows.length - 1),
    PageDown: () => setCursor(Math.min(rows.length - 1, cursor + 20)),
    PageUp: () => setCursor(Math.max(0, cursor - 20)),
    ArrowRight: () => {
      if (row.childCount > 0 && !isOpen) toggle(row.path)
      else if (row.childCount > 0) setCursor(cursor + 1)
    },
    ArrowLeft: () => {
      if (isOpen) toggle(row.path)
      else {
        const parent = rows.slice(0, cursor).findLastIndex(({ depth }) => depth < row.depth)
        if (parent >= 0) setCursor(parent)
      }
    },
    Enter: () => row.childCount > 0 && toggle(row.path),
  }
  const move = moves[event.key]
  if (move === undefined) return
  event.preventDefault()
  event.stopPropagation()
  move()
}

function rowsOf(tree: Tree, open: ReadonlySet<string>): Row[] {
  const rows: Row[] = []
  addRows({ path: '$', label: undefined, tree, depth: 0 }, open, rows)
  return rows
}

function addRows(row: Omit<Row, 'childCount'>, open: ReadonlySet<string>, rows: Row[]): void {
  const { path, tree, depth } = row
  const children = childrenOf(tree)
  rows.push({ ...row, childCount: children.length })
  if (children.length === 0 || !open.has(path)) return
  for (const { label, value } of children) {
    addRows({ path: pathTo(path, tree, label), label, tree: value, depth: depth + 1 }, open, rows)
  }
}

function pathTo(path: string, tree: Tree, label: string): string {
  const inner = tree.kind === 'tagged' ? tree.value : tree
  if (inner.kind === 'list') return `${path}[${label}]`
  if (/^[\p{L}_][\p{L}\p{N}_-]*$/u.test(label)) return `${path}.${label}`
  return `${path}['${label.replaceAll(/[\\']/g, String.raw`\$&`)}']`
}

/** As many levels as fit, all of a level or nothing of it; long lists stay folded. */
function openAtFirst(tree: Tree): ReadonlySet<string> {
  const open = new Set<string>()
  let level = [{ path: '$', tree }]
  let rows = 1
  while (level.length > 0) {
    const next: typeof level = []
    const size = level.reduce((sum, each) => sum + childrenOf(each.tree).length, 0)
    if (rows + size > limits.openRows && rows > 1) break
    for (const each of level) {
      const children = childrenOf(each.tree)
      if (children.length === 0 || (children.length > limits.openChildren && rows > 1)) continue
      open.add(each.path)
      rows += children.length
      for (const { label, value } of children) {
        next.push({ path: pathTo(each.path, each.tree, label), tree: value })
      }
    }
    level = next
  }
  return open
}

/** Paths of what has the text in its name or value. */
function find(tree: Tree, sought: string): string[] {
  const found: string[] = []
  if (sought === '') return found
  const wanted = sought.toLowerCase()
  const stack = [{ path: '$', label: '', tree }]
  while (stack.length > 0 && found.length < limits.foundMax) {
    const { path, label, tree: one } = stack.pop()!
    const children = childrenOf(one)
    const text = children.length === 0 ? scalarText(one).toLowerCase() : ''
    if (label.toLowerCase().includes(wanted) || text.includes(wanted)) found.push(path)
    for (const child of children.toReversed()) {
      stack.push({ path: pathTo(path, one, child.label), label: child.label, tree: child.value })
    }
  }
  return found
}

function ancestorsOf(path: string): string[] {
  const steps = path.matchAll(/\.[^.[\]]+|\['(?:[^'\\]|\\.)*'\]|\[\d+\]/g)
  const ancestors = ['$']
  for (const [step] of steps) ancestors.push(ancestors.at(-1)! + step)
  return ancestors.slice(0, -1)
}
