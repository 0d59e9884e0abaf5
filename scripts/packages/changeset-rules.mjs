import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isPublished } from './workspace-packages.mjs'

const level = /^(?:major|minor|patch|none)$/

/**
 * Checks that no package reaches its first release without a word for its users.
 *
 * @param {string} root the checkout
 * @param {readonly import('./workspace-packages.mjs').WorkspacePackage[]} packages
 * @returns {string[]} one line per mistake
 */
export function checkChangesets(root, packages) {
  const folder = join(root, '.changeset')
  const known = new Set(packages.map(({ manifest }) => manifest['name']))
  const entries = readdirSync(folder)
    .filter((name) => name.endsWith('.md') && name !== 'README.md')
    .flatMap((name) =>
      changesetEntries(readFileSync(join(folder, name), 'utf8')).map((entry) => ({
        ...entry,
        file: `.changeset/${name}`,
      })),
    )
  const named = new Set(entries.map((entry) => entry.name))
  return [
    ...entries
      .filter((entry) => !known.has(entry.name))
      .map((entry) => `${entry.file}: there is no package ${entry.name}`),
    ...entries
      .filter((entry) => !level.test(entry.level))
      .map(
        (entry) => `${entry.file}: ${entry.name}: "${entry.level}" is none of major, minor, patch`,
      ),
    ...packages
      .filter((subject) => isPublished(subject) && subject.manifest['version'] === '0.0.0')
      .filter(({ manifest }) => !named.has(manifest['name']))
      .map(
        ({ folder, manifest }) =>
          `${folder}: no changeset names ${manifest['name']} (npx changeset)`,
      ),
  ]
}

/**
 * @param {string} text of a changeset file
 * @returns {{name: string, level: string}[]} what its front matter says
 */
export function changesetEntries(text) {
  const frontMatter = /^---\r?\n([\s\S]*?)\r?\n---/.exec(text)?.[1] ?? ''
  return [...frontMatter.matchAll(/^["']?([^"':]+)["']?\s*:\s*["']?(\w+)["']?\s*$/gm)].map(
    (match) => ({
      name: match[1] ?? '',
      level: match[2] ?? '',
    }),
  )
}
