// The settings of a stream as they are in effect, what decided on each, and how one changes it.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { StreamSettingJson } from '../../../src/admin/v1/stream-settings.ts'
import type { StreamShownJson } from '../../../src/admin/v1/stream-show-operations.ts'
import { ask, curlOf } from '../../lib/api.ts'
import { refresh } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { Button } from '../../parts/button.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Field } from '../../parts/field.tsx'
import { Section } from '../../parts/page.tsx'
import { toast } from '../../parts/toast.tsx'
import { readSize, readTime } from '../streams/create-fields.ts'
import { originWords, settingLabel, settingValue } from './setting-words.ts'

export function SettingsTable({ stream }: { readonly stream: StreamShownJson }): JSX.Element {
  const [changed, setChanged] = useState<StreamSettingJson>()
  const isTopic = stream.kind === 'topic'
  return (
    <Section title="Settings">
      <ul class="stream-settings">
        {stream.settings.map((setting) => (
          <li key={setting.name}>
            <span class="stream-setting-name" title={setting.name}>
              {settingLabel(setting.name)}
            </span>
            <span class="stream-setting-value" title={`${setting.value ?? 'not set'}`}>
              {settingValue(setting)}
            </span>
            <span class="stream-setting-origin soft">{originWords(setting)}</span>
            {isTopic && (
              <span class="stream-setting-change">
                {setting.change === 'setting' && stream.may.configure && (
                  <Button
                    kind="quiet"
                    label={`Change: ${settingLabel(setting.name)}`}
                    onClick={() => setChanged(setting)}
                  >
                    Change
                  </Button>
                )}
              </span>
            )}
          </li>
        ))}
      </ul>
      {!isTopic && (
        <p class="soft">
          What its declaration says stays. Policies set the rest; of two limits the lower one holds.{' '}
          <a href="/settings">Policies</a>
        </p>
      )}
      {changed !== undefined && (
        <ChangeSetting stream={stream} setting={changed} onClose={() => setChanged(undefined)} />
      )}
    </Section>
  )
}

function ChangeSetting({
  stream,
  setting,
  onClose,
}: {
  readonly stream: StreamShownJson
  readonly setting: StreamSettingJson
  readonly onClose: () => void
}): JSX.Element {
  const { name } = setting
  const isOwn = setting.origin === 'setting'
  const [text, setText] = useState(isOwn ? String(setting.value) : '')
  const value = readSetting(name, text)
  const label = settingLabel(name)
  const path = apiPath`/v1/streams/${stream.vhost}/${stream.name}/settings`
  const body = { settings: { [name]: value ?? null } }
  const run = async (): Promise<void> => {
    await ask('PUT', path, body)
    refresh()
    toast(value === undefined ? `${label}: as the broker says` : `${label}: changed`)
  }
  const isWrong = text.trim() !== '' && value === undefined
  return (
    <Confirm
      title={label}
      effect={
        name.startsWith('retention')
          ? 'Messages past the new limit go within a minute and do not come back.'
          : 'It holds for what comes in from now on.'
      }
      verb={value === undefined ? 'Use the default' : 'Change it'}
      kind="primary"
      curl={curlOf('PUT', path, body)}
      isDisabled={isWrong}
      run={run}
      onClose={onClose}
    >
      <Field
        label={`${name}, now ${settingValue(setting)}`}
        hint={hintOf(name)}
        problem={isWrong ? 'Not understood' : undefined}
      >
        <input
          type="text"
          autocomplete="off"
          placeholder="the default"
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </Field>
    </Confirm>
  )
}

function hintOf(name: string): string {
  if (name.endsWith('.ms')) return '12h, 7d, or milliseconds; -1 for ever; nothing for the default'
  if (name.endsWith('.bytes'))
    return '500 MB, 10 GB, or bytes; -1 for no limit; nothing for the default'
  if (name === 'pabal.profile') return 'latency, throughput or default'
  if (name === 'cleanup.policy') return 'delete, compact, or both with a comma'
  return 'As Kafka has it; nothing for the default'
}

/** As the broker is asked; undefined for nothing, or for what is no such value. */
function readSetting(name: string, text: string): string | undefined {
  const typed = text.trim()
  if (typed === '') return undefined
  if (typed === '-1') return typed
  if (name.endsWith('.ms')) return readTime(typed)?.toString()
  if (name.endsWith('.bytes')) return readSize(typed)?.toString()
  return typed
}
