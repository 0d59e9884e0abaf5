import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

// Tests run on the TypeScript source of every workspace package, so that no build has to come first; what tests of the
// command run is bundled by their setup.
// They are given to Node, too, where `import` would hand ES modules to `require`.
const conditions = ['@millrace/source', 'node', 'default']
const shared = { resolve: { conditions }, ssr: { resolve: { conditions } } }
const servers = {
  globalSetup: ['scripts/bundle/vitest-setup.mjs', 'scripts/services/vitest-setup.mjs'],
  pool: 'forks' as const,
}

export default defineConfig({
  test: {
    // Most tests wait for servers more than they compute: two at a time also where there are just two cores.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        ...shared,
        test: {
          name: 'unit',
          include: ['{packages,apps,tools,examples}/*/src/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: ['**/*.faults.test.ts'],
        },
      },
      {
        ...shared,
        test: {
          name: 'integration',
          include: [
            '{packages,apps,tools}/*/test/**/*.test.ts',
            'examples/*/test/**/*.test.{ts,mjs}',
          ],
          exclude: ['**/*.faults.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          ...servers,
        },
      },
      {
        ...shared,
        test: {
          name: 'faults',
          include: [
            '{packages,apps,tools,examples}/*/test/**/*.faults.test.ts',
            'scripts/**/*.faults.test.ts',
          ],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          ...servers,
        },
      },
    ],
  },
})
