// Makes the JavaScript in `dist` of every package, or of those named by folder (`packages/core`), where it is not yet
// what the sources say. The compiler only checks types and writes declarations: see CONTRIBUTING.md.
import { fileURLToPath } from 'node:url'
import { bundleWorkspace } from './bundle/bundle-workspace.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const folders = process.argv.slice(2)
const begunMs = performance.now()
const bundled = await bundleWorkspace(root, folders.length === 0 ? undefined : folders)
if (bundled.length > 0) {
  const seconds = ((performance.now() - begunMs) / 1000).toFixed(1)
  console.log(`bundled in ${seconds} s: ${bundled.join(', ')}`)
}
