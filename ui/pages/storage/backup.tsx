// A backup. A browser cannot seal one, so it is taken by a command; this says which.
import type { JSX } from 'preact'
import { Button, ButtonLink } from '../../parts/button.tsx'
import { CodeBlock } from '../../parts/code-block.tsx'
import { Dialog } from '../../parts/confirm.tsx'

export function BackupDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const here = 'pabal backup pabal.tar'
  const elsewhere = `pabal backup pabal.tar --url ${location.origin} --user admin`
  return (
    <Dialog label="Take a backup" onClose={onClose}>
      <div class="storage-backup">
        <h2>Take a backup</h2>
        <p>
          A command takes it, because it also checks each part and seals the file; without the seal
          nothing is restored. Clients go on meanwhile. On the broker's machine:
        </p>
        <CodeBlock code={here} label="On the broker's machine" />
        <p>From elsewhere:</p>
        <CodeBlock code={elsewhere} label="From elsewhere" />
        <p class="soft">
          <code>pabal restore pabal.tar --data FOLDER</code> makes a data folder of it.
        </p>
        <div class="storage-buttons">
          <ButtonLink to="/docs/backup.html">Read more</ButtonLink>
          <Button onClick={onClose}>Close</Button>
        </div>
      </div>
    </Dialog>
  )
}
