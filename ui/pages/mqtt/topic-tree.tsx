// The tree of topics that have retained messages, a level at a time, with live values.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { TopicBranchJson } from '../../../src/admin/v1/mqtt/retained-operations.ts'
import { counted } from '../../lib/format.ts'
import { useLive } from '../../lib/live.ts'
import { apiPath, encodeName } from '../../lib/names.ts'
import { pushParams, useParam } from '../../lib/router.ts'
import type { ListPage } from '../../lib/rows.ts'
import { Button } from '../../parts/button.tsx'
import { ProblemNote, Skeleton } from '../../parts/notes.tsx'
import { Ago, Name } from '../../parts/values.tsx'
import { levelsAbove, toggleLevel } from './open-levels.ts'
import { RetainedValue } from './retained-value.tsx'

const [rowsAtFirst, rowsMax] = [100, 500]

interface Tree {
  readonly vhost: string
  readonly open: readonly string[]
  readonly onToggle: (topic: string) => void
}

export function TopicTree({ vhost }: { readonly vhost: string }): JSX.Element {
  const [topic] = useParam('topic')
  const [open, setOpen] = useState<readonly string[]>(() => levelsAbove(topic))
  const tree = { vhost, open, onToggle: (topic: string) => setOpen(toggleLevel(open, topic)) }
  return (
    <div class="mqtt-tree" role="region" aria-label="Topics with retained messages">
      <Level tree={tree} parent={undefined} />
    </div>
  )
}

/** An empty level is one, too: `parent` is then there, and empty. */
export function levelPath(vhost: string, parent: string | undefined, pageSize: number): string {
  const base = `${apiPath`/v1/mqtt/topics/${vhost}`}?page=1&page_size=${pageSize}&payload=160`
  return parent === undefined ? base : `${base}&parent=${encodeName(parent)}`
}

function Level({
  tree,
  parent,
}: {
  readonly tree: Tree
  readonly parent: string | undefined
}): JSX.Element | null {
  const [pageSize, setPageSize] = useState(rowsAtFirst)
  const { data, problem } = useLive<ListPage<TopicBranchJson>>(
    levelPath(tree.vhost, parent, pageSize),
  )
  if (problem !== undefined) return <ProblemNote problem={problem} />
  if (data === undefined) return <Skeleton lines={3} />
  const more = data.filtered_count - data.items.length
  return (
    <ul class="mqtt-level" aria-label={parent === undefined ? 'First level' : `Below ${parent}`}>
      {data.items.map((branch) => (
        <Branch key={branch.name} tree={tree} branch={branch} />
      ))}
      {more > 0 && (
        <li class="mqtt-more soft">
          {`${counted(more, 'more', 'more')} `}
          {pageSize < rowsMax ? (
            <Button kind="quiet" onClick={() => setPageSize(rowsMax)}>
              Show more
            </Button>
          ) : (
            'that a filter finds'
          )}
        </li>
      )}
    </ul>
  )
}

function Branch({
  tree,
  branch,
}: {
  readonly tree: Tree
  readonly branch: TopicBranchJson
}): JSX.Element {
  const { name, topic, topics, has_value: hasValue } = branch
  const below = topics - (hasValue ? 1 : 0)
  const isOpen = tree.open.includes(topic)
  const [shown] = useParam('topic')
  return (
    <li>
      <div class={shown === topic ? 'mqtt-branch mqtt-branch-open' : 'mqtt-branch'}>
        {below > 0 ? (
          <button
            type="button"
            class="mqtt-toggle"
            aria-expanded={isOpen}
            aria-label={`${isOpen ? 'Close' : 'Open'} ${topic === '' ? 'the empty level' : topic}`}
            onClick={() => tree.onToggle(topic)}
          >
            {isOpen ? '▾' : '▸'}
          </button>
        ) : (
          <span class="mqtt-toggle" />
        )}
        {hasValue ? (
          <button type="button" class="mqtt-topic" onClick={() => pushParams({ topic })}>
            <Name value={name} />
          </button>
        ) : (
          <button type="button" class="mqtt-topic" onClick={() => tree.onToggle(topic)}>
            <Name value={name} />
          </button>
        )}
        {below > 0 && <span class="soft mqtt-count">{counted(below, 'topic')}</span>}
        {hasValue && <RetainedValue {...branch} />}
        {hasValue && branch.time !== null && (
          <span class="soft mqtt-age">
            <Ago value={branch.time} />
          </span>
        )}
      </div>
      {isOpen && below > 0 && <Level tree={tree} parent={topic} />}
    </li>
  )
}
