import { fileURLToPath } from 'node:url'
import { bundleWorkspace } from './bundle-workspace.mjs'

/** Tests of the command run what is built: it has to be what the sources say, whoever starts the tests. */
export async function setup() {
  await bundleWorkspace(fileURLToPath(new URL('../..', import.meta.url)))
}
