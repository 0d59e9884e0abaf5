/**
 * Dependencies whose code becomes part of our own files, because loading them file by file is most of the start of a
 * job, or because they bring many packages of which little is used (`prom-client`, `cli-progress`). Drivers are not among them: their users have to be able to update them alone.
 *
 * They are `devDependencies`. Our declarations name the types of zod: that one is an optional peer dependency as well, since
 * only those who write plugins in TypeScript need them, and they weigh as much as the rest of an installation.
 */
export const inlinedDependencies = new Set([
  '@opentelemetry/api',
  'ansi-regex',
  'bintrees',
  'cli-progress',
  'commander',
  'emoji-regex',
  'fastest-levenshtein',
  'import-meta-resolve',
  'is-fullwidth-code-point',
  'jsonc-parser',
  'prom-client',
  'string-width',
  'strip-ansi',
  'tdigest',
  'yaml',
  'zod',
])
