import assert from 'node:assert/strict'
import { manifestFaults } from '@millrace/core'
import type { ReaderPlugin, WriterPlugin } from '@millrace/core/plugin'
import { conformanceCase } from './conformance-case.ts'

/** Holds for readers and writers alike: what Millrace looks at before it uses a plugin. */
export const manifestCase = conformanceCase<{ readonly plugin: ReaderPlugin | WriterPlugin }>({
  promise: 'manifest',
  name: 'the plugin says all of itself that Millrace asks for when it loads it',
  async run({ plugin }) {
    const faults = manifestFaults({ ...plugin })
    assert.equal(faults.length, 0, `the plugin has ${faults.join(', ')}`)
  },
})
