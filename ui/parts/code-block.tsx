// Lines of code or a command, with a button that copies them.
import type { JSX } from 'preact'
import { CopyButton } from './values.tsx'
import './code-block.css'

export function CodeBlock({
  code,
  label = 'Code',
}: {
  readonly code: string
  readonly label?: string
}): JSX.Element {
  return (
    <div class="code-block">
      <pre tabIndex={0} aria-label={label}>
        {code}
      </pre>
      <CopyButton text={code} what="code" label="copy" />
    </div>
  )
}
