// What is shown: a line in which filters are written, the filters as chips, the order, and where it begins.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { FilterJson } from '../../../src/admin/v1/filter-schema.ts'
import { moment } from '../../lib/format.ts'
import { now } from '../../lib/live.ts'
import { timeZone } from '../../lib/preferences.ts'
import { Chip } from '../../parts/chips.tsx'
import { Choice } from '../../parts/field.tsx'
import { addTerm, isEmptyFilter, termExamples, termsOf } from './filter-terms.ts'
import type { PagesAsked } from './message-pages.ts'
import './message-filters.css'

export interface MessageFiltersProps {
  readonly asked: PagesAsked
  readonly partitions: number
  readonly isLive: boolean
  readonly onChange: (changes: Readonly<Record<string, string | undefined>>) => void
}

export function MessageFilters(props: MessageFiltersProps): JSX.Element {
  const { asked, partitions, isLive, onChange } = props
  const setFilter = (filter: FilterJson): void => {
    onChange({ filter: isEmptyFilter(filter) ? undefined : JSON.stringify(filter) })
  }
  const terms = termsOf(asked.filter, (time) => moment(time, timeZone.value).slice(0, 19))
  return (
    <div class="filters">
      <FilterLine filter={asked.filter} onFilter={setFilter} />
      {!isLive && (
        <>
          <Choice
            label="Order"
            value={asked.order}
            options={[
              { value: 'newest', label: 'Newest first' },
              { value: 'oldest', label: 'Oldest first' },
            ]}
            onChange={(order) => onChange({ order: order === 'newest' ? undefined : order })}
          />
          <FromField asked={asked} onChange={onChange} />
        </>
      )}
      {partitions > 1 && (
        <select
          aria-label="Partition"
          value={asked.partition ?? ''}
          onChange={({ currentTarget }) =>
            onChange({ partition: currentTarget.value || undefined })
          }
        >
          <option value="">{partitions > 64 ? 'Choose a partition' : 'All partitions'}</option>
          {Array.from({ length: Math.min(partitions, 1000) }, (_, partition) => (
            <option key={partition} value={String(partition)}>
              Partition {partition}
            </option>
          ))}
        </select>
      )}
      {terms.map(({ text, without }) => (
        <Chip key={text} label={`filter ${text}`} onRemove={() => setFilter(without)}>
          <span class="filters-term mono">{text}</span>
        </Chip>
      ))}
    </div>
  )
}

function FilterLine({
  filter,
  onFilter,
}: {
  readonly filter: FilterJson
  readonly onFilter: (filter: FilterJson) => void
}): JSX.Element {
  const [text, setText] = useState('')
  const [problem, setProblem] = useState<string>()
  const [isHelped, setHelped] = useState(false)
  const submit = (): void => {
    const read = addTerm(filter, text, now.peek())
    if ('problem' in read) {
      setProblem(read.problem)
      return
    }
    setText('')
    setProblem(undefined)
    // It would cover the new chip.
    setHelped(false)
    onFilter(read.filter)
  }
  return (
    <div class="filter-line">
      <input
        class="search-field"
        type="search"
        data-search=""
        aria-label="Filter messages"
        aria-describedby="filter-help"
        aria-invalid={problem !== undefined}
        placeholder="Filter: text, $.path = value, header.name = value"
        autocomplete="off"
        spellcheck={false}
        value={text}
        onFocus={() => setHelped(true)}
        onBlur={() => setHelped(false)}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value)
          setProblem(undefined)
          setHelped(true)
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter') submit()
          if (event.key === 'Escape') event.currentTarget.blur()
        }}
      />
      {(isHelped || problem !== undefined) && <FilterHelp problem={problem} />}
    </div>
  )
}

function FilterHelp({ problem }: { readonly problem: string | undefined }): JSX.Element {
  return (
    <div class="filter-help" id="filter-help">
      {problem !== undefined && (
        <p class="field-problem" role="alert">
          {problem}
        </p>
      )}
      <table>
        <tbody>
          {termExamples.map(([term, meaning]) => (
            <tr key={term}>
              <td class="mono">{term}</td>
              <td class="soft">{meaning}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="soft">
        <code>~</code> contains, <code>&lt;</code> and <code>&gt;</code> compare numbers. Enter adds
        the filter; all of them must hold.
      </p>
    </div>
  )
}

function FromField({
  asked: { from, order },
  onChange,
}: Pick<MessageFiltersProps, 'asked' | 'onChange'>): JSX.Element {
  const [text, setText] = useState(from ?? '')
  useEffect(() => setText(from ?? ''), [from])
  const submit = (): void => onChange({ from: text.trim() || undefined })
  return (
    <input
      class="from-field"
      type="text"
      aria-label={order === 'newest' ? 'Before this place' : 'From this place on'}
      title="An offset, a time like 2026-11-29T07:00:00Z, an age like 1h, first or last"
      placeholder={
        order === 'newest' ? 'before: offset, time, 1h' : 'from: first, offset, time, 1h'
      }
      autocomplete="off"
      spellcheck={false}
      value={text}
      onInput={({ currentTarget }) => setText(currentTarget.value)}
      onBlur={() => text.trim() !== (from ?? '') && submit()}
      onKeyDown={(event) => {
        if (event.key === 'Enter') submit()
        if (event.key === 'Escape') event.currentTarget.blur()
      }}
    />
  )
}
