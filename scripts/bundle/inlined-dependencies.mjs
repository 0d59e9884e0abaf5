/**
 * Dependencies whose code becomes part of our own files, because loading them file by file is most of the start of a
 * job. Drivers are not among them: their users have to be able to update them alone.
 *
 * They are `devDependencies`, but for those that our declarations name, which TypeScript still has to find.
 */
export const inlinedDependencies = new Set([
  'commander',
  'fastest-levenshtein',
  'import-meta-resolve',
  'jsonc-parser',
  'yaml',
  'zod',
])
