// What holds streams back: a search, and chips that are switched on and off. All of it is in the URL.
import type { JSX } from 'preact'
import { setParams, useParam } from '../../lib/router.ts'
import { Chip } from '../../parts/chips.tsx'
import { Menu } from '../../parts/menu.tsx'
import { SearchParam } from '../../parts/search-param.tsx'
import { columnChoices } from './stream-columns.tsx'
import { stateChips, type StreamsView } from './streams-query.ts'

const kinds: readonly { readonly label: string; readonly kind?: string; readonly type?: string }[] =
  [
    { label: 'Every kind' },
    { label: 'Queues', kind: 'queue' },
    { label: 'Classic queues', kind: 'queue', type: 'classic' },
    { label: 'Quorum queues', kind: 'queue', type: 'quorum' },
    { label: 'Topics', kind: 'topic' },
  ]

export function Filters({
  view,
  vhosts,
  columns,
}: {
  readonly view: StreamsView
  readonly vhosts: readonly string[]
  readonly columns: readonly string[]
}): JSX.Element {
  const kind = kinds.find((each) => each.kind === view.kind && each.type === view.type) ?? kinds[0]!
  return (
    <>
      <NameFilter view={view} />
      <Menu
        label={`Kind: ${kind.label}`}
        isQuiet
        items={kinds.map((each) => ({
          label: each.label,
          isChosen: each === kind,
          run: () => setParams({ kind: each.kind, type: each.type }),
        }))}
      >
        {kind.label}
      </Menu>
      {vhosts.length > 1 && (
        <Menu
          label={`Virtual host: ${view.vhost ?? 'Every virtual host'}`}
          isQuiet
          items={[undefined, ...vhosts].map((vhost) => ({
            label: vhost ?? 'Every virtual host',
            isChosen: view.vhost === vhost,
            run: () => setParams({ vhost }),
          }))}
        >
          {view.vhost ?? 'Every virtual host'}
        </Menu>
      )}
      <span class="streams-states" role="group" aria-label="Only streams that are">
        {stateChips.map(({ state, label, hint }) => (
          <Chip
            key={state}
            isOn={view.states.includes(state)}
            title={hint}
            onClick={() => setParams({ state: toggledIn(view.states, state) })}
          >
            {label}
          </Chip>
        ))}
      </span>
      <Columns shown={columns} />
    </>
  )
}

function NameFilter({ view }: { readonly view: StreamsView }): JSX.Element {
  return (
    <>
      <SearchParam
        label="Name"
        param="q"
        placeholder={view.isRegex ? 'Name, as a regular expression' : 'Name contains'}
        value={view.text}
      />
      <Chip
        isOn={view.isRegex}
        title="The name is a regular expression"
        onClick={() => setParams({ regex: view.isRegex ? undefined : 'true' })}
      >
        regex
      </Chip>
    </>
  )
}

function Columns({ shown }: { readonly shown: readonly string[] }): JSX.Element {
  const [, choose] = useParam('columns')
  return (
    <Menu
      label="Columns"
      isQuiet
      items={[
        ...columnChoices.map(({ key, label }) => ({
          label,
          isChosen: shown.includes(key),
          run: () =>
            choose(
              toggledIn(
                shown.filter((each) => each !== 'name'),
                key,
              ) ?? 'name',
            ),
        })),
        { label: 'The usual ones', run: () => choose(undefined) },
      ]}
    >
      Columns
    </Menu>
  )
}

/** Keys with commas between them; undefined for none. */
function toggledIn(keys: readonly string[], key: string): string | undefined {
  const others = keys.filter((each) => each !== key)
  const result = others.length === keys.length ? [...keys, key] : others
  return result.length === 0 ? undefined : result.join(',')
}
