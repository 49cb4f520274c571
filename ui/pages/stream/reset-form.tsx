// Has a group go on elsewhere, after a preview of what it would read again or leave out.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { GroupShownJson } from '../../../src/admin/v1/group-json.ts'
import { ask, curlOf, shellQuoted } from '../../lib/api.ts'
import { count, counted } from '../../lib/format.ts'
import { refresh } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { rowsOf } from '../../lib/rows.ts'
import { plainName } from '../../lib/show-name.ts'
import { useRun } from '../../lib/use-run.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Button } from '../../parts/button.tsx'
import { Choice, Field } from '../../parts/field.tsx'
import { FormProblem } from '../../parts/form-end.tsx'
import { Section } from '../../parts/page.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { toast } from '../../parts/toast.tsx'
import { Num } from '../../parts/values.tsx'

type Way = 'first' | 'last' | 'time' | 'offset'

const ways: readonly { readonly value: Way; readonly label: string }[] = [
  { value: 'first', label: 'First message' },
  { value: 'last', label: 'End' },
  { value: 'time', label: 'Time' },
  { value: 'offset', label: 'Offset' },
]

interface Moved {
  readonly partition: number
  readonly from: number | null
  readonly to: number
}

/** A preview, or why there is none. */
interface Preview {
  readonly moved?: readonly Moved[]
  readonly problem?: string
}

export function ResetForm({
  group,
  topic,
}: {
  readonly group: GroupShownJson
  readonly topic: string
}): JSX.Element | null {
  const [way, setWay] = useState<Way>('first')
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>({ time: '1h', offset: '0' })
  const to = way === 'first' || way === 'last' ? way : (texts[way] ?? '').trim()
  const path = apiPath`/v1/groups/${group.name}/reset`
  const body = { topic, to }
  const preview = usePreview(path, to === '' ? undefined : body)
  const { isBusy, problem, start } = useRun()
  const isUsed = group.members > 0
  if (!group.may.reset) return null
  const reset = async (): Promise<void> => {
    await ask('POST', path, body).finally(refresh)
    toast(`${plainName(group.name)} goes on there`)
  }
  return (
    <Section title="Go on elsewhere">
      <form
        class="streams-fields"
        onSubmit={(event) => {
          event.preventDefault()
          start(reset)
        }}
      >
        <div>
          <Choice label="Where" value={way} options={ways} onChange={setWay} />
        </div>
        {(way === 'time' || way === 'offset') && (
          <Field
            label={way === 'time' ? 'From when on' : 'From which offset on'}
            hint={
              way === 'time'
                ? 'An age like 1h or 2d, or a time like 2026-11-29T07:00:00Z'
                : undefined
            }
          >
            <input
              type="text"
              autocomplete="off"
              value={texts[way] ?? ''}
              onInput={({ currentTarget: { value } }) => setTexts({ ...texts, [way]: value })}
            />
          </Field>
        )}
        <PreviewTable preview={preview} />
        <FormProblem problem={problem} />
        <div class="form-buttons">
          <span class="soft">{isUsed && 'It has members: stop its consumers first.'}</span>
          <Button
            type="submit"
            kind="primary"
            isBusy={isBusy}
            isDisabled={isUsed || !isChange(preview)}
          >
            {`Reset ${plainName(group.name).slice(0, 30)}`}
          </Button>
        </div>
        <AsCommand
          cli={`pabal group reset ${shellQuoted(group.name)} --topic ${shellQuoted(topic)} --to ${shellQuoted(to)}`}
          curl={curlOf('POST', path, body)}
        />
      </form>
    </Section>
  )
}

function isChange({ moved = [] }: Preview): boolean {
  return moved.some(({ from, to }) => from !== to)
}

/** What a dry run answers, asked for again when somebody has stopped typing. */
function usePreview(path: string, body: object | undefined): Preview {
  const [preview, setPreview] = useState<Preview>({})
  const text = JSON.stringify(body)
  useEffect(() => {
    if (body === undefined) {
      setPreview({})
      return undefined
    }
    const stop = new AbortController()
    const timer = setTimeout(() => {
      const { signal } = stop
      ask<{ offsets: readonly Moved[] }>('POST', path, { ...body, dry_run: true }, { signal }).then(
        ({ offsets: moved }) => setPreview({ moved }),
        (error: Error) => {
          if (!signal.aborted) setPreview({ problem: error.message })
        },
      )
    }, 200)
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  }, [path, text])
  return preview
}

const columns: readonly Column<Moved>[] = [
  { key: 'partition', label: 'Partition', width: '80px', cell: ({ partition }) => partition },
  { key: 'from', label: 'From', align: 'end', cell: ({ from }) => <Num value={from} /> },
  { key: 'to', label: 'To', align: 'end', cell: ({ to }) => <Num value={to} /> },
  { key: 'effect', label: 'Effect', align: 'end', cell: effectOf },
]

function effectOf({ from, to }: Moved): string {
  if (from === null) return 'begins there'
  if (to === from) return 'none'
  return to < from ? `reads ${count(from - to)} again` : `leaves out ${count(to - from)}`
}

function PreviewTable({ preview: { moved, problem } }: { readonly preview: Preview }): JSX.Element {
  if (problem !== undefined) {
    return (
      <p class="field-problem" role="alert">
        {problem}
      </p>
    )
  }
  const sum = (of: (each: Moved) => number): number =>
    (moved ?? []).reduce((total, each) => total + Math.max(0, of(each)), 0)
  const again = sum(({ from, to }) => (from ?? to) - to)
  const left = sum(({ from, to }) => to - (from ?? to))
  return (
    <>
      <p>
        {moved === undefined && 'Looking where that is …'}
        {moved !== undefined && again + left === 0 && 'It would go on where it is.'}
        {again > 0 && `It would read ${counted(again, 'message')} again. `}
        {left > 0 && `It would leave out ${counted(left, 'message')}.`}
      </p>
      <div class="consumers-preview">
        <Table
          label="Preview"
          columns={columns}
          rows={rowsOf(moved ?? [])}
          keyOf={({ partition }) => `${partition}`}
          empty={null}
        />
      </div>
    </>
  )
}
