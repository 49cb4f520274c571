// Which message: named by one or more conditions, all of which must hold.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { setParams } from '../../lib/router.ts'
import { Button } from '../../parts/button.tsx'
import { Chip } from '../../parts/chips.tsx'
import { Field } from '../../parts/field.tsx'
import { type ConditionKind, conditionKinds, type Conditions, kindFacts } from './filter.ts'

export interface TraceFormProps {
  readonly conditions: Conditions
  readonly stream: string
  readonly seconds: number
  readonly problem: string | undefined
  readonly isBusy: boolean
  readonly onFind: () => void
  readonly onBegin: () => void
}

const lengths: readonly (readonly [seconds: number, text: string])[] = [
  [60, '1 minute'],
  [600, '10 minutes'],
  [1800, '30 minutes'],
  [3600, '1 hour'],
]

export function TraceForm(props: TraceFormProps): JSX.Element {
  const { conditions, stream, seconds, problem, isBusy, onFind, onBegin } = props
  const used = conditionKinds.filter((kind) => conditions[kind] !== undefined)
  const shown: readonly ConditionKind[] = used.length === 0 ? ['message_id'] : used
  const unused = conditionKinds.filter((kind) => !shown.includes(kind))
  const isEmpty = Object.values(conditions).every((value) => value === '')
  const submit = (event: Event): void => {
    event.preventDefault()
    onFind()
  }
  return (
    <form class="trace-form" onSubmit={submit}>
      {shown.map((kind) => (
        <ConditionField
          key={kind}
          kind={kind}
          value={conditions[kind] ?? ''}
          problem={kind === 'header' ? problem : undefined}
        />
      ))}
      <div class="trace-more">
        <span class="soft">and by</span>
        {unused.map((kind) => (
          <Chip key={kind} onClick={() => setParams({ ...blank(conditions), [kind]: ' ' })}>
            {kindFacts[kind].label}
          </Chip>
        ))}
      </div>
      <div class="trace-line">
        <Field label="Follow it for">
          <select
            value={String(seconds)}
            onChange={({ currentTarget }) => setParams({ seconds: currentTarget.value })}
          >
            {lengths.map(([value, text]) => (
              <option key={value} value={String(value)}>
                {text}
              </option>
            ))}
          </select>
        </Field>
        <Field label="Also what is in queue">
          <input
            type="text"
            autocomplete="off"
            spellcheck={false}
            placeholder="none"
            value={stream}
            onInput={({ currentTarget }) => setParams({ in: currentTarget.value })}
          />
        </Field>
      </div>
      <div class="trace-buttons">
        <Button type="submit" kind="primary" isDisabled={isEmpty || problem !== undefined}>
          Find it now
        </Button>
        <Button isDisabled={isEmpty || problem !== undefined} isBusy={isBusy} onClick={onBegin}>
          Trace it from now on
        </Button>
      </div>
    </form>
  )
}

/** What stands in the URL with nothing in it would be taken out of it. */
function blank(conditions: Conditions): Record<string, string> {
  return Object.fromEntries(Object.entries(conditions).map(([kind, value]) => [kind, value || ' ']))
}

function ConditionField({
  kind,
  value,
  problem,
}: {
  readonly kind: ConditionKind
  readonly value: string
  readonly problem: string | undefined
}): JSX.Element {
  const { label, hint } = kindFacts[kind]
  const [text, setText] = useState(value)
  const name = label.charAt(0).toUpperCase() + label.slice(1)
  return (
    <Field label={name} hint={hint} problem={problem}>
      <input
        type="text"
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value)
          setParams({ [kind]: currentTarget.value || ' ' })
        }}
      />
    </Field>
  )
}
