// Before anything is drawn: light or dark as somebody chose it, here or in the broker's pages.
const kept = (() => {
  try {
    return localStorage.getItem('pabal.theme')
  } catch {
    return null
  }
})()
if (kept === 'light' || kept === 'dark') document.documentElement.dataset.theme = kept
// On a small screen the list of pages is closed until somebody opens it.
document.addEventListener('DOMContentLoaded', () => {
  const menu = document.querySelector('details.menu')
  if (menu !== null && matchMedia('(max-width: 900px)').matches) menu.open = false
})
