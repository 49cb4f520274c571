// Publishes a message: a new one, or one that is here and was edited.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { ask, curlOf } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { useRun } from '../../lib/use-run.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Button } from '../../parts/button.tsx'
import { Choice, Field } from '../../parts/field.tsx'
import { FormEnd } from '../../parts/form-end.tsx'
import { Panel } from '../../parts/panel.tsx'
import { toast } from '../../parts/toast.tsx'
import { Draft, type DraftFacts, draftOf, type HeaderDraft, headerTypes } from './draft.ts'
import type { StreamRef, WholeMessage } from './message.ts'
import './publish-panel.css'

export interface PublishPanelProps {
  readonly stream: StreamRef
  /** What is edited; left out, it is a new one. */
  readonly message: WholeMessage | undefined
  readonly onPublished: () => void
  readonly onClose: () => void
}

interface Published {
  readonly results: readonly { readonly outcome: string; readonly reason?: string }[]
}

export function PublishPanel(props: PublishPanelProps): JSX.Element {
  const { stream, message, onPublished, onClose } = props
  const [facts, setFacts] = useState<DraftFacts>(() => draftOf(stream, message))
  const run = useRun()
  const [told, setTold] = useState<string>()
  const set = (changes: Partial<DraftFacts>): void => setFacts({ ...facts, ...changes })
  const draft = new Draft(stream, facts)
  const { path, body, problem } = draft
  const publish = async (): Promise<void> => {
    setTold(undefined)
    setTold(await publishAll(draft))
    onPublished()
  }
  const title = message === undefined ? 'Publish a message' : 'Publish it again, edited'
  return (
    <Panel title={title} label={title} onClose={onClose}>
      <form
        class="publish"
        onSubmit={(event) => {
          event.preventDefault()
          if (problem === undefined) run.start(publish)
        }}
      >
        <TargetFields facts={facts} onChange={set} />
        <PayloadFields facts={facts} onChange={set} />
        <HeaderFields headers={facts.headers} onChange={(headers) => set({ headers })} />
        <PropertyFields facts={facts} onChange={set} />
        <Field label="How many times">
          <input
            type="number"
            min="1"
            max="100000"
            value={facts.count}
            onInput={({ currentTarget }) => set({ count: currentTarget.value })}
          />
        </Field>
        {told !== undefined && <p role="status">{told}</p>}
        <FormEnd
          run={problem === undefined ? run : { problem, isBusy: run.isBusy }}
          verb={`Publish ${counted(Math.max(1, Number(facts.count) || 1), 'message')}`}
          isDisabled={problem !== undefined}
          cancel="Close"
          onClose={onClose}
        />
      </form>
      <AsCommand cli={draft.command} curl={curlOf('POST', path, body)} />
    </Panel>
  )
}

/** In batches, one after the other; says what became of all of them. */
async function publishAll(draft: Draft): Promise<string> {
  const outcomes = new Map<string, number>()
  let reason: string | undefined
  const text = (): string => {
    const words = Array.from(outcomes, ([outcome, count]) => {
      return `${counted(count, 'message')} ${outcome}`
    })
    return `${words.join(', ')}${reason === undefined ? '' : `: ${reason}`}`
  }
  for (let left = draft.count; left > 0; left -= draft.batchSize) {
    const size = Math.min(left, draft.batchSize)
    const { results } = await ask<Published>('POST', draft.path, draft.bodyOf(size)).catch(
      (error: Error) => {
        // Whoever asks again should know what is there already.
        throw outcomes.size === 0 ? error : new Error(`${text()}, then: ${error.message}`)
      },
    )
    for (const { outcome, reason: why } of results) {
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      reason ??= why
    }
  }
  toast(text())
  return text()
}

interface Part {
  readonly facts: DraftFacts
  readonly onChange: (changes: Partial<DraftFacts>) => void
}

function TargetFields({ facts, onChange }: Part): JSX.Element {
  return (
    <>
      <Choice
        label="Publish to"
        value={facts.to}
        options={[
          { value: 'stream', label: 'This stream' },
          { value: 'exchange', label: 'An exchange' },
        ]}
        onChange={(to) => onChange({ to })}
      />
      {facts.to === 'exchange' && (
        <div class="publish-pair">
          <Field label="Exchange">
            <input
              type="text"
              spellcheck={false}
              value={facts.exchange}
              onInput={({ currentTarget }) => onChange({ exchange: currentTarget.value })}
            />
          </Field>
          <Field label="Routing key">
            <input
              type="text"
              spellcheck={false}
              value={facts.routingKey}
              onInput={({ currentTarget }) => onChange({ routingKey: currentTarget.value })}
            />
          </Field>
        </div>
      )}
    </>
  )
}

function PayloadFields({ facts, onChange }: Part): JSX.Element {
  return (
    <>
      <Field label="Payload" hint={facts.isBase64 ? 'Bytes, as base64' : undefined}>
        <textarea
          rows={10}
          class="mono"
          spellcheck={false}
          value={facts.payload}
          onInput={({ currentTarget }) => onChange({ payload: currentTarget.value })}
        />
      </Field>
      <label class="publish-check">
        <input
          type="checkbox"
          checked={facts.isBase64}
          onChange={({ currentTarget }) => onChange({ isBase64: currentTarget.checked })}
        />
        The payload is base64
      </label>
    </>
  )
}

function HeaderFields({
  headers,
  onChange,
}: {
  readonly headers: readonly HeaderDraft[]
  readonly onChange: (headers: readonly HeaderDraft[]) => void
}): JSX.Element {
  const change = (at: number, changes: Partial<HeaderDraft>): void => {
    onChange(headers.map((header, index) => (index === at ? { ...header, ...changes } : header)))
  }
  return (
    <fieldset class="publish-headers">
      <legend>Headers</legend>
      {headers.slice(0, 100).map((header, index) => (
        <div key={index} class="publish-header">
          <input
            type="text"
            aria-label="Name of the header"
            placeholder="name"
            spellcheck={false}
            value={header.name}
            onInput={({ currentTarget }) => change(index, { name: currentTarget.value })}
          />
          <select
            aria-label={`Type of ${header.name}`}
            value={header.type}
            disabled={header.kept !== undefined}
            onChange={({ currentTarget }) => change(index, { type: currentTarget.value })}
          >
            {typesFor(header).map((type) => (
              <option key={type} value={type}>
                {headerTypes[type] ?? type}
              </option>
            ))}
          </select>
          <input
            type="text"
            aria-label={`Value of ${header.name}`}
            placeholder="value"
            spellcheck={false}
            readOnly={header.kept !== undefined}
            value={header.value}
            onInput={({ currentTarget }) => change(index, { value: currentTarget.value })}
          />
          <Button
            kind="quiet"
            label={`Remove header ${header.name}`}
            onClick={() => onChange(headers.filter((_, at) => at !== index))}
          >
            ×
          </Button>
        </div>
      ))}
      {headers.length > 100 && (
        <p class="soft">{counted(headers.length - 100, 'header')} more, which stay as they are.</p>
      )}
      <Button onClick={() => onChange([...headers, { name: '', type: 'longstr', value: '' }])}>
        Add a header
      </Button>
    </fieldset>
  )
}

/** What it may become; one that is kept stays what it is. */
function typesFor({ kept, type }: HeaderDraft): string[] {
  return kept === undefined ? [...new Set([...Object.keys(headerTypes), type])] : [type]
}

const properties = [
  ['content_type', 'Content type'],
  ['message_id', 'Message id'],
  ['correlation_id', 'Correlation id'],
  ['reply_to', 'Reply to'],
  ['expiration', 'Time to live, in milliseconds'],
  ['priority', 'Priority'],
] as const

function PropertyFields({ facts, onChange }: Part): JSX.Element {
  const isOpen = properties.some(([name]) => (facts.properties[name] ?? '') !== '')
  return (
    <details class="publish-properties" open={isOpen}>
      <summary>Properties</summary>
      <div class="publish-pair">
        {properties.map(([name, label]) => (
          <Field key={name} label={label}>
            <input
              type="text"
              spellcheck={false}
              value={facts.properties[name] ?? ''}
              onInput={({ currentTarget }) =>
                onChange({ properties: { ...facts.properties, [name]: currentTarget.value } })
              }
            />
          </Field>
        ))}
      </div>
      <label class="publish-check">
        <input
          type="checkbox"
          checked={facts.isPersistent}
          onChange={({ currentTarget }) => onChange({ isPersistent: currentTarget.checked })}
        />
        Survives a restart (delivery mode 2)
      </label>
    </details>
  )
}
