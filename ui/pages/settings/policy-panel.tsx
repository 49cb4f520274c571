// One policy: written with a look at what it would be for, and where another one stays in force.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { PatternTestJson } from '../../../src/admin/v1/pattern-test-operation.ts'
import { ask, curlOf } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { refresh } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { setParams } from '../../lib/router.ts'
import { plainName } from '../../lib/show-name.ts'
import { useRun } from '../../lib/use-run.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Field } from '../../parts/field.tsx'
import { FormEnd } from '../../parts/form-end.tsx'
import { Panel } from '../../parts/panel.tsx'
import { usePatternTest } from '../../parts/pattern-preview.tsx'
import { Name } from '../../parts/values.tsx'
import { quoted, vhostFlag } from '../access/permissions.tsx'
import { useVHostNames } from '../access/use-vhost-names.ts'

export interface Policy {
  readonly vhost: string
  readonly name: string
  readonly pattern: string
  readonly 'apply-to': string
  readonly definition: Readonly<Record<string, unknown>>
  readonly priority: number
}

/** What is in the fields. */
interface Draft {
  readonly vhost: string
  readonly name: string
  readonly pattern: string
  readonly applyTo: string
  readonly priority: string
  readonly definition: string
}

interface PolicyPanelProps {
  /** Undefined for a new one. */
  readonly policy: Policy | undefined
  readonly isOperator: boolean
  readonly onClose: () => void
}

const scopes = ['all', 'queues', 'classic_queues', 'quorum_queues', 'streams', 'exchanges']

const presets: Readonly<Record<string, readonly [applyTo: string, definition: object]>> = {
  'limit what waits': ['queues', { 'max-length': 10_000, overflow: 'reject-publish' }],
  'let messages expire': ['queues', { 'message-ttl': 3_600_000 }],
  'keep dead letters': ['queues', { 'dead-letter-exchange': 'dead' }],
  'keep a week': ['streams', { 'max-age': '7D' }],
}

function draftOf(policy: Policy | undefined): Draft {
  return {
    vhost: policy?.vhost ?? '/',
    name: policy?.name ?? '',
    pattern: policy?.pattern ?? '',
    applyTo: policy?.['apply-to'] ?? 'queues',
    priority: String(policy?.priority ?? 0),
    definition: JSON.stringify(policy?.definition ?? { 'max-length': 10_000 }, undefined, 2),
  }
}

/** Undefined for what is no object of JSON. */
function definitionIn(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

export function PolicyPanel({ policy, isOperator, onClose }: PolicyPanelProps): JSX.Element {
  const [draft, setDraft] = useState(() => draftOf(policy))
  const run = useRun()
  const [isDeleting, setDeleting] = useState(false)
  const { vhost, name, pattern, applyTo } = draft
  const definition = definitionIn(draft.definition)
  const priority = Number(draft.priority)
  const body = { pattern, definition, priority, 'apply-to': applyTo }
  const path = pathOf({ vhost, name }, isOperator)
  const save = (event: Event): void => {
    event.preventDefault()
    run.start(async () => {
      await ask('PUT', path, body)
      refresh()
      onClose()
    })
  }
  const title = policy === undefined ? 'A new policy' : <Name value={policy.name} />
  return (
    <Panel
      title={title}
      label={policy === undefined ? 'A new policy' : `Policy ${plainName(policy.name)}`}
      onClose={onClose}
      actions={policy && <Button onClick={() => setDeleting(true)}>Delete the policy</Button>}
    >
      <form class="policy-form" onSubmit={save}>
        <PolicyFields draft={draft} isNew={policy === undefined} onChange={setDraft} />
        {definition === undefined && (
          <p class="field-problem" role="alert">
            What it gives is no object of JSON yet
          </p>
        )}
        <Preview draft={draft} definition={definition} isOperator={isOperator} />
        <FormEnd
          run={run}
          verb={policy === undefined ? 'Set the policy' : 'Save the policy'}
          isDisabled={name === '' || pattern === '' || definition === undefined}
          onClose={onClose}
        />
        <AsCommand cli={commandOf(draft, isOperator)} curl={curlOf('PUT', path, body)} />
      </form>
      {policy && isDeleting && (
        <DeletePolicy policy={policy} isOperator={isOperator} onClose={() => setDeleting(false)} />
      )}
    </Panel>
  )
}

function pathOf(
  { vhost, name }: { readonly vhost: string; readonly name: string },
  isOperator: boolean,
): string {
  return `/${isOperator ? 'operator-policies' : 'policies'}${apiPath`/${vhost}/${name}`}`
}

function commandOf(
  { vhost, name, pattern, applyTo, priority, definition }: Draft,
  isOperator: boolean,
): string {
  const compact = JSON.stringify(definitionIn(definition) ?? {})
  const words = [name || 'NAME', pattern, compact].map((word) => quoted(word)).join(' ')
  const flags = [
    applyTo === 'all' ? '' : ` --apply-to ${applyTo}`,
    priority === '0' ? '' : ` --priority ${priority}`,
    isOperator ? ' --operator' : '',
  ].join('')
  return `pabal policy set ${words}${flags}${vhostFlag(vhost)}`
}

interface FieldsProps {
  readonly draft: Draft
  readonly isNew: boolean
  readonly onChange: (draft: Draft) => void
}

function PolicyFields({ draft, isNew, onChange }: FieldsProps): JSX.Element {
  const names = useVHostNames() ?? [draft.vhost]
  const set = (changes: Partial<Draft>): void => onChange({ ...draft, ...changes })
  return (
    <>
      {isNew && (
        <div class="policy-line">
          <Field label="Name">
            <input
              value={draft.name}
              spellcheck={false}
              autocomplete="off"
              onInput={({ currentTarget }) => set({ name: currentTarget.value })}
            />
          </Field>
          <Field label="Virtual host">
            <select
              value={draft.vhost}
              onChange={({ currentTarget }) => set({ vhost: currentTarget.value })}
            >
              {names.map((name) => (
                <option key={name} value={name}>
                  {plainName(name)}
                </option>
              ))}
            </select>
          </Field>
        </div>
      )}
      <Field label="Pattern for names">
        <input
          class="mono"
          value={draft.pattern}
          spellcheck={false}
          onInput={({ currentTarget }) => set({ pattern: currentTarget.value })}
        />
      </Field>
      <div class="policy-line">
        <Field label="For">
          <select
            value={draft.applyTo}
            onChange={({ currentTarget }) => set({ applyTo: currentTarget.value })}
          >
            {scopes.map((scope) => (
              <option key={scope} value={scope}>
                {scope.replace('_', ' ')}
              </option>
            ))}
          </select>
        </Field>
        <Field label="Priority: the highest is in force">
          <input
            inputMode="numeric"
            value={draft.priority}
            onInput={({ currentTarget }) => set({ priority: currentTarget.value })}
          />
        </Field>
      </div>
      <Definition draft={draft} isNew={isNew} onChange={onChange} />
    </>
  )
}

function Definition({ draft, isNew, onChange }: FieldsProps): JSX.Element {
  return (
    <div>
      <Field label="What it gives, as JSON">
        <textarea
          class="mono"
          rows={5}
          spellcheck={false}
          value={draft.definition}
          onInput={({ currentTarget }) => onChange({ ...draft, definition: currentTarget.value })}
        />
      </Field>
      {isNew && (
        <p class="policy-presets">
          <span class="soft">Begin with</span>
          {Object.entries(presets).map(([name, [applyTo, definition]]) => (
            <Button
              key={name}
              kind="quiet"
              onClick={() =>
                onChange({
                  ...draft,
                  applyTo,
                  definition: JSON.stringify(definition, undefined, 2),
                })
              }
            >
              {name}
            </Button>
          ))}
        </p>
      )}
    </div>
  )
}

function Preview({
  draft,
  definition,
  isOperator,
}: {
  readonly draft: Draft
  readonly definition: object | undefined
  readonly isOperator: boolean
}): JSX.Element {
  const { vhost, pattern, applyTo: apply_to, name } = draft
  const priority = Number.isFinite(Number(draft.priority)) ? Number(draft.priority) : 0
  const asked = { pattern, apply_to, priority, name, definition, operator: isOperator }
  const tested = usePatternTest(vhost, asked)
  if (pattern === '') {
    return <p class="policy-preview soft">Write a pattern to see what it fits; .* fits all.</p>
  }
  if (tested === undefined) return <div class="policy-preview soft">{'\u00a0'}</div>
  if (tested.problem !== null) {
    return (
      <p class="policy-preview field-problem" role="alert">
        {tested.problem}
      </p>
    )
  }
  return (
    <div class="policy-preview" aria-live="polite">
      <p>{previewSentence(tested)}</p>
      <ul>
        {tested.examples.slice(0, 8).map(({ kind, name: each, policy_now: now, wins }) => (
          <li key={`${kind} ${each}`}>
            <Name value={each} />
            {wins ? (
              <span class="soft">{now !== null && now !== name && <>instead of {now}</>}</span>
            ) : (
              <Badge title="Its priority is higher">{now} stays in force</Badge>
            )}
          </li>
        ))}
      </ul>
    </div>
  )
}

function previewSentence({ streams, exchanges, wins, leaves }: PatternTestJson): string {
  const fits = [
    `${streams.matched} of ${counted(streams.total, 'stream')}`,
    ...(exchanges.matched > 0
      ? [`${exchanges.matched} of ${counted(exchanges.total, 'exchange')}`]
      : []),
  ].join(' and ')
  const total = streams.matched + exchanges.matched
  const lost = leaves === 0 ? '' : `; ${leaves} that have it now lose it`
  const force = wins === total ? '' : `, in force for ${wins} of them`
  return `Fits ${fits}${force}${lost}.`
}

function DeletePolicy({
  policy,
  isOperator,
  onClose,
}: {
  readonly policy: Policy
  readonly isOperator: boolean
  readonly onClose: () => void
}): JSX.Element {
  const { vhost, name, pattern, priority } = policy
  const tested = usePatternTest(vhost, {
    pattern,
    apply_to: policy['apply-to'],
    priority,
    name,
    definition: policy.definition,
    operator: isOperator,
  })
  const path = pathOf(policy, isOperator)
  const flags = `${isOperator ? ' --operator' : ''}${vhostFlag(vhost)}`
  return (
    <Confirm
      title={<>Delete policy {plainName(name)}</>}
      effect={
        tested === undefined
          ? 'Looking at what it is in force for …'
          : `It is in force for ${counted(tested.wins, 'stream or exchange', 'streams and exchanges')}, which lose what it gives at once; another policy that fits takes its place.`
      }
      isDisabled={tested === undefined}
      verb="Delete the policy"
      cli={`pabal policy delete ${quoted(name)}${flags}`}
      curl={curlOf('DELETE', path)}
      run={async () => {
        await ask('DELETE', path)
        refresh()
        setParams({ policy: undefined })
      }}
      onClose={onClose}
    />
  )
}
