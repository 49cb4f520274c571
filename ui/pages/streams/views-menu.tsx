// Views: the usual ones and those that somebody saved. A view is nothing but a URL.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { goToUrl, place } from '../../lib/router.ts'
import { Dialog } from '../../parts/confirm.tsx'
import { Field } from '../../parts/field.tsx'
import { FormEnd } from '../../parts/form-end.tsx'
import { Menu } from '../../parts/menu.tsx'
import { toast } from '../../parts/toast.tsx'
import { builtInViews, forgetView, savedViews, saveView } from './views.ts'

export function ViewsMenu(): JSX.Element {
  const [isSaving, setSaving] = useState(false)
  // The URL is read for each look at it.
  void place.value
  const search = typeof location === 'undefined' ? '' : location.search
  const saved = savedViews.value
  const current = [...saved, ...builtInViews].find((view) => view.search === search)
  const own = saved.find((view) => view.search === search)
  return (
    <>
      <Menu
        label={`View: ${current?.name ?? 'unsaved'}`}
        items={[
          ...[...builtInViews, ...saved].map((view) => ({
            label: view.name,
            isChosen: view === current,
            run: () => goToUrl(`/streams${view.search}`),
          })),
          ...(own === undefined
            ? [{ label: 'Save this view …', run: () => setSaving(true), isDisabled: search === '' }]
            : [{ label: `Forget “${own.name}”`, run: () => forgetView(own.name) }]),
        ]}
      >
        {current?.name ?? 'View'}
      </Menu>
      {isSaving && <SaveView search={search} onClose={() => setSaving(false)} />}
    </>
  )
}

function SaveView({
  search,
  onClose,
}: {
  readonly search: string
  readonly onClose: () => void
}): JSX.Element {
  const [name, setName] = useState('')
  const save = (event: Event): void => {
    event.preventDefault()
    if (name.trim() === '') return
    saveView({ name: name.trim(), search })
    toast(`Saved the view “${name.trim()}”`)
    onClose()
  }
  return (
    <Dialog label="Save this view" onClose={onClose}>
      <form class="confirm" onSubmit={save}>
        <h2>Save this view</h2>
        <p class="soft">
          Its filters, order and columns are kept in this browser. Others get it as a link: the
          address of the page.
        </p>
        <Field label="Name">
          <input
            type="text"
            maxLength={60}
            value={name}
            onInput={({ currentTarget }) => setName(currentTarget.value)}
          />
        </Field>
        <FormEnd verb="Save the view" isDisabled={name.trim() === ''} onClose={onClose} />
      </form>
    </Dialog>
  )
}
