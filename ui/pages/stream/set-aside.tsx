// Records that a consumer group cannot process: after how many attempts they are set aside, where members begin again
// and again, and the next one set aside by hand.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { GroupDeadLettersJson, GroupShownJson } from '../../../src/admin/v1/group-json.ts'
import { ask, curlOf, shellQuoted } from '../../lib/api.ts'
import { count, counted } from '../../lib/format.ts'
import { refresh } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { rowsOf } from '../../lib/rows.ts'
import { plainName } from '../../lib/show-name.ts'
import { useRun } from '../../lib/use-run.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Button } from '../../parts/button.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Field } from '../../parts/field.tsx'
import { FormProblem } from '../../parts/form-end.tsx'
import { Section } from '../../parts/page.tsx'
import { streamUrl } from '../../parts/stream-tabs.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { toast } from '../../parts/toast.tsx'
import { Name, Num } from '../../parts/values.tsx'

interface GroupInTopic {
  readonly group: GroupShownJson
  readonly topic: string
}

/** Nothing for share groups, which have their own delivery limit. */
export function SetAsideSection(props: GroupInTopic): JSX.Element | null {
  const { group } = props
  const [isEditing, setEditing] = useState(false)
  const [partition, setPartition] = useState<number>()
  if (group.type === 'share') return null
  const { dead_letters: letters, may } = group
  return (
    <Section
      title="Records that it cannot process"
      actions={
        may.configure &&
        !isEditing && (
          <Button onClick={() => setEditing(true)}>
            {letters.to === null ? 'Set aside by itself …' : 'Change …'}
          </Button>
        )
      }
    >
      <p>
        <RuleWords letters={letters} />
      </p>
      {isEditing && <RuleForm group={group} onClose={() => setEditing(false)} />}
      <StuckTable {...props} onSetAside={setPartition} />
      {partition !== undefined && (
        <SetAsideDialog {...props} partition={partition} onClose={() => setPartition(undefined)} />
      )}
    </Section>
  )
}

function RuleWords({ letters }: { readonly letters: GroupDeadLettersJson }): JSX.Element {
  const { attempts, to, set_aside: setAside } = letters
  const sofar = setAside > 0 && ` ${count(setAside)} so far, since the start of the broker.`
  if (to === null) {
    return (
      <>One that members cannot process stops them there, until somebody sets it aside.{sofar}</>
    )
  }
  return (
    <>
      One at which members have begun {counted(attempts ?? 0, 'time')} in vain goes to{' '}
      <Name value={to} to={streamUrl({ vhost: '/', name: to })} />, and the group goes on behind it.
      {sofar}
    </>
  )
}

interface StuckRow {
  readonly partition: number
  readonly offset: number
  /** Undefined where nobody counts. */
  readonly attempts: number | undefined
  readonly lag: number
}

/** Where the group has something to read; those where members begin again and again come first. */
function rowsFor({ group, topic }: GroupInTopic): StuckRow[] {
  const stuck = new Map(
    group.dead_letters.stuck
      .filter((each) => each.topic === topic)
      .map(({ partition, offset, attempts }) => [partition, { offset, attempts }]),
  )
  return group.offsets
    .filter((place) => place.topic === topic && place.lag > 0)
    .map(({ partition, offset, lag }) => {
      const found = stuck.get(partition)
      const attempts = found?.offset === offset ? found.attempts : undefined
      return { partition, offset, attempts, lag }
    })
    .toSorted((a, b) => (b.attempts ?? 0) - (a.attempts ?? 0) || a.partition - b.partition)
}

function StuckTable({
  onSetAside,
  ...props
}: GroupInTopic & { readonly onSetAside: (partition: number) => void }): JSX.Element | null {
  const rows = rowsFor(props)
  if (rows.length === 0) return null
  return (
    <Table
      label="Next records of the group"
      columns={columnsFor(props, onSetAside)}
      rows={rowsOf(rows)}
      keyOf={({ partition }) => `${partition}`}
      empty={null}
    />
  )
}

function columnsFor(
  { group, topic }: GroupInTopic,
  onSetAside: (partition: number) => void,
): readonly Column<StuckRow>[] {
  return [
    { key: 'partition', label: 'Partition', width: '80px', cell: ({ partition }) => partition },
    {
      key: 'offset',
      label: 'Next record',
      align: 'end',
      cell: ({ partition, offset }) => (
        <a
          class="number"
          href={streamUrl({ vhost: '/', name: topic }, 'messages', {
            at: `${partition}.${offset}`,
          })}
        >
          {count(offset)}
        </a>
      ),
    },
    {
      key: 'attempts',
      label: 'Begun',
      hint: 'How often members have begun there; counted where records are set aside by themselves',
      align: 'end',
      width: '80px',
      cell: ({ attempts }) => <Num value={attempts} />,
    },
    {
      key: 'aside',
      label: '',
      align: 'end',
      width: '120px',
      cell: ({ partition }) =>
        group.may.reset && (
          <Button kind="quiet" onClick={() => onSetAside(partition)}>
            Set aside …
          </Button>
        ),
    },
  ]
}

function RuleForm({
  group,
  onClose,
}: {
  readonly group: GroupShownJson
  readonly onClose: () => void
}): JSX.Element {
  const { dead_letters: letters, name } = group
  const [attempts, setAttempts] = useState(`${letters.attempts ?? 5}`)
  const [to, setTo] = useState(letters.to ?? '')
  const { isBusy, problem, start } = useRun()
  const path = apiPath`/v1/groups/${name}/dead-letters`
  const body = { attempts: Number(attempts), to }
  const isWhole = /^[1-9]\d{0,5}$/.test(attempts) && to !== ''
  const done = (text: string): void => {
    refresh()
    toast(text)
    onClose()
  }
  const save = async (): Promise<void> => {
    await ask('PUT', path, body)
    done('It holds from the next start of a member on')
  }
  const end = async (): Promise<void> => {
    await ask('DELETE', path)
    done('Nothing is set aside by itself any more')
  }
  return (
    <form
      class="streams-fields"
      onSubmit={(event) => {
        event.preventDefault()
        start(save)
      }}
    >
      <Field label="After so many attempts" hint="So often may members begin at a record">
        <input
          type="text"
          inputMode="numeric"
          value={attempts}
          onInput={({ currentTarget }) => setAttempts(currentTarget.value)}
        />
      </Field>
      <TargetField value={to} onChange={setTo} />
      <FormProblem problem={problem} />
      <div class="form-buttons">
        {letters.to !== null && (
          <Button isBusy={isBusy} onClick={() => start(end)}>
            Set nothing aside
          </Button>
        )}
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" kind="primary" isBusy={isBusy} isDisabled={!isWhole}>
          Save
        </Button>
      </div>
      {isWhole && (
        <AsCommand
          cli={`pabal group dead-letters ${shellQuoted(name)} --attempts ${attempts} --to ${shellQuoted(to)}`}
          curl={curlOf('PUT', path, body)}
        />
      )}
    </form>
  )
}

function SetAsideDialog({
  group,
  topic,
  partition,
  onClose,
}: GroupInTopic & { readonly partition: number; readonly onClose: () => void }): JSX.Element {
  const [to, setTo] = useState(group.dead_letters.to ?? '')
  const place = group.offsets.find((each) => each.topic === topic && each.partition === partition)
  const path = apiPath`/v1/groups/${group.name}/set-aside`
  const body = { topic, partition, to }
  const run = async (): Promise<void> => {
    const { offset } = await ask<{ offset: number }>('POST', path, body)
    refresh()
    toast(`Offset ${offset} went to ${plainName(to)}`)
  }
  return (
    <Confirm
      title="Set the next record aside"
      effect={
        <>
          Copies the record at offset {count(place?.offset ?? 0)} of partition {partition} there,
          and the group <Name value={group.name} /> goes on behind it. Members that are connected
          learn of it when they ask for their offsets again. The record stays in the topic, for
          other groups.
        </>
      }
      verb="Set the record aside"
      kind="primary"
      cli={`pabal group set-aside ${shellQuoted(group.name)} --topic ${shellQuoted(topic)} --partition ${partition} --to ${shellQuoted(to)}`}
      curl={curlOf('POST', path, body)}
      isDisabled={to === ''}
      run={run}
      onClose={onClose}
    >
      <TargetField value={to} onChange={setTo} />
    </Confirm>
  )
}

function TargetField({
  value,
  onChange,
}: {
  readonly value: string
  readonly onChange: (value: string) => void
}): JSX.Element {
  return (
    <Field label="To the queue or topic" hint="It must be there">
      <input
        type="text"
        class="mono"
        autocomplete="off"
        spellcheck={false}
        value={value}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
    </Field>
  )
}
