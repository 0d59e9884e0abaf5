import { join } from 'node:path'
import { readJson } from '../packages/workspace-packages.mjs'
import { packOne } from './pack.mjs'

/** The package of the example, a reader as a third party would publish it, and its stepType. */
export const exampleReaderPackage = 'millrace-reader-csv'
export const exampleReaderStepType = 'csv'

/**
 * Packs the reader that stands among the examples. It is none of what a release publishes.
 *
 * @param {string} copy as `makeReleaseCopy` leaves it
 * @param {string} destination of the tarball
 * @returns {Promise<import('./pack.mjs').Tarball>}
 */
export async function packExampleReader(copy, destination) {
  const path = join(copy, 'examples/reader-csv')
  return await packOne({ path, manifest: readJson(join(path, 'package.json')) }, destination)
}
