// All that was declared as a file: out of the broker, and into it once one has seen what it would change.
import type { JSX } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { ownHeaders, problemOf, shellQuoted } from '../../lib/api.ts'
import { bytes } from '../../lib/format.ts'
import { refresh } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { plainName } from '../../lib/show-name.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Button } from '../../parts/button.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Field } from '../../parts/field.tsx'
import { ProblemNote } from '../../parts/notes.tsx'
import { Page, Section } from '../../parts/page.tsx'
import { toast } from '../../parts/toast.tsx'
import { useVHostNames } from '../access/use-vhost-names.ts'
import { type DefinitionsReport, ReportView, workIn } from './definitions-report.tsx'
import type { TabProps } from './tab-props.ts'

/** A file that was chosen, and what the broker says of it. */
interface Checked {
  readonly name: string
  readonly text: string
  readonly report?: DefinitionsReport
  readonly problem?: Error
}

async function importText(text: string, isCheck: boolean): Promise<DefinitionsReport> {
  const path = `/api/definitions${isCheck ? '?check=true' : ''}`
  const headers = { ...ownHeaders, 'Content-Type': 'application/json' }
  const response = await fetch(path, { method: 'POST', headers, body: text })
  const answer = await response.text()
  if (!response.ok) throw problemOf(response.status, answer)
  return JSON.parse(answer) as DefinitionsReport
}

export function DefinitionsTab({ tabs }: TabProps): JSX.Element {
  const [checked, setChecked] = useState<Checked>()
  const check = async (file: File): Promise<void> => {
    const text = await file.text()
    const own = { name: file.name, text }
    setChecked(
      await importText(text, true).then(
        (report) => ({ ...own, report }),
        (problem: Error) => ({ ...own, problem }),
      ),
    )
  }
  return (
    <Page
      title="Settings"
      says="All that was declared, as one file that RabbitMQ reads and writes, too"
      tabs={tabs}
      command={<AsCommand cli={commandOf(checked)} />}
    >
      <div class="definitions">
        <Export />
        <Section title="Import a file">
          <DropPlace onFile={(file) => void check(file)} />
          {checked && (
            <CheckedFile
              key={checked.name + checked.text.length}
              checked={checked}
              onDone={(report) => setChecked({ ...checked, report })}
              onClose={() => setChecked(undefined)}
            />
          )}
        </Section>
      </div>
    </Page>
  )
}

function commandOf(checked: Checked | undefined): string {
  if (checked === undefined) return 'pabal definitions export pabal.json'
  const isChecked = checked.report?.check === true
  return `pabal definitions import ${shellQuoted(checked.name)}${isChecked ? ' --check' : ''}`
}

function Export(): JSX.Element {
  const names = useVHostNames() ?? []
  const [vhost, setVHost] = useState<string>()
  const path = vhost === undefined ? '/definitions' : apiPath`/definitions/${vhost}`
  const file = vhost === undefined ? 'pabal.json' : 'pabal-vhost.json'
  return (
    <Section title="Export">
      <div class="definitions-row">
        <Field label="What">
          <select
            value={vhost ?? '*'}
            onChange={({ currentTarget: { value } }) => setVHost(value === '*' ? undefined : value)}
          >
            <option value="*">everything</option>
            {names.map((name) => (
              <option key={name} value={name}>
                only virtual host {plainName(name)}
              </option>
            ))}
          </select>
        </Field>
        <a class="button button-plain" href={`/api${path}?download=${file}`} download={file}>
          Download {file}
        </a>
        <span class="soft">
          {vhost === undefined
            ? 'It has the hashes of passwords in it: keep it as you keep passwords.'
            : 'Without users; messages are never part of it.'}
        </span>
      </div>
    </Section>
  )
}

function DropPlace({ onFile }: { readonly onFile: (file: File) => void }): JSX.Element {
  const [isOver, setOver] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  const take = (files: FileList | null | undefined): void => {
    const file = files?.[0]
    if (file !== undefined) onFile(file)
    if (input.current !== null) input.current.value = ''
  }
  return (
    <div
      class={isOver ? 'definitions-drop definitions-over' : 'definitions-drop'}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault()
        setOver(false)
        take(event.dataTransfer?.files)
      }}
    >
      <p>Drop a file of definitions here. Nothing changes before you have seen what would.</p>
      <input
        ref={input}
        class="unseen"
        type="file"
        id="definitions-file"
        accept=".json,application/json"
        onChange={({ currentTarget }) => take(currentTarget.files)}
      />
      <label class="button button-plain" for="definitions-file">
        Choose a file
      </label>
    </div>
  )
}

interface CheckedFileProps {
  readonly checked: Checked
  readonly onDone: (report: DefinitionsReport) => void
  readonly onClose: () => void
}

function CheckedFile({ checked, onDone, onClose }: CheckedFileProps): JSX.Element {
  const { name, text, report, problem } = checked
  const [isAsking, setAsking] = useState(false)
  const { add, change } = workIn(report)
  const apply = async (): Promise<void> => {
    onDone(await importText(text, false))
    toast(`${name} was imported`)
    refresh()
  }
  return (
    <Section
      title={`${name}, ${bytes(text.length)}`}
      actions={
        <span class="policy-buttons">
          <Button onClick={onClose}>{report?.check === false ? 'Close' : 'Put it away'}</Button>
          {report?.check === true && (
            <Button kind="primary" isDisabled={add + change === 0} onClick={() => setAsking(true)}>
              {add + change === 0 ? 'Nothing to import' : `Import: add ${add}, change ${change}`}
            </Button>
          )}
        </span>
      }
    >
      {problem && <ProblemNote problem={problem} onRetry={onClose} />}
      {report && <ReportView report={report} />}
      {isAsking && (
        <Confirm
          title={<>Import {name}</>}
          effect={
            <>
              Adds {add} and changes {change} things of this broker. What is there otherwise stays
              as it is, and nothing is deleted. It is not undone by itself: export before, to have
              the way back.
            </>
          }
          verb="Import the file"
          kind="primary"
          cli={`pabal definitions import ${shellQuoted(name)}`}
          run={apply}
          onClose={() => setAsking(false)}
        />
      )}
    </Section>
  )
}
