// The same as a command line and as a call of the API: every view and action says how a script does it.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { isTypable } from '../lib/api.ts'
import { CopyButton } from './values.tsx'
import './as-command.css'

export interface AsCommandProps {
  /** `pabal …`; left out where no command does it. */
  readonly cli?: string | undefined
  readonly curl?: string | undefined
}

export function AsCommand({ cli: asked, curl }: AsCommandProps): JSX.Element | null {
  const [isCurl, setCurl] = useState(false)
  const cli = asked !== undefined && isTypable(asked) ? asked : undefined
  const text = isCurl || cli === undefined ? curl : cli
  if (text === undefined) return null
  return (
    <div class="as-command">
      <span class="as-command-label">the same as a command</span>
      <code class="as-command-text" tabIndex={0}>
        {text}
      </code>
      <CopyButton text={text} what="command" label="copy" />
      {cli !== undefined && curl !== undefined && (
        <button type="button" class="copy" aria-pressed={isCurl} onClick={() => setCurl(!isCurl)}>
          {isCurl ? 'pabal' : 'curl'}
        </button>
      )}
    </div>
  )
}
