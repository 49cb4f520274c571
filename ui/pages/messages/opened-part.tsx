// What stands open over the page of messages: a dialog or a panel.
import type { JSX } from 'preact'
import type { StreamShownJson } from '../../../src/admin/v1/stream-show-operations.ts'
import { JobDialog } from '../../parts/job/job-dialog.tsx'
import { DiffDialog } from './diff-dialog.tsx'
import { ImportDialog } from './import-dialog.tsx'
import type { Opened } from './message-actions.tsx'
import type { PagesAsked } from './message-pages.ts'
import { PublishPanel } from './publish-panel.tsx'
import { ReplayDialog } from './replay-dialog.tsx'

export function OpenedPart(props: {
  readonly opened: Opened
  readonly asked: PagesAsked
  readonly stream: StreamShownJson | undefined
  readonly onClose: () => void
  readonly onChanged: () => void
  readonly onBegun: (id: string) => void
}): JSX.Element | null {
  const { opened, asked, stream, onClose, onChanged, onBegun } = props
  switch (opened.kind) {
    case 'job':
      return (
        <JobDialog
          source={opened.source}
          kinds={[opened.job]}
          onBegun={onBegun}
          onClose={onClose}
        />
      )
    case 'publish':
      return (
        <PublishPanel
          stream={asked}
          message={opened.message}
          onPublished={onChanged}
          onClose={onClose}
        />
      )
    case 'replay':
      if (stream === undefined) return null
      return (
        <ReplayDialog
          stream={stream}
          message={opened.message}
          onDone={onChanged}
          onClose={onClose}
        />
      )
    case 'compare':
      return <DiffDialog stream={asked} places={opened.places} onClose={onClose} />
    case 'import':
      return <ImportDialog stream={asked} onDone={onChanged} onClose={onClose} />
    default:
      return opened satisfies never
  }
}
