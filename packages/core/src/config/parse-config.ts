import type { ConfigDocument } from './config-document.ts'
import { withHalfCharacters } from './half-characters.ts'
import { parseJson } from './parse-json.ts'

/**
 * Parses the text of a configuration file: YAML for `.yaml` and `.yml`, else JSON with comments and trailing commas.
 * Never throws; syntax errors are in `problems`.
 */
export async function parseConfig(text: string, file: string): Promise<ConfigDocument> {
  const content = text.startsWith('\ufeff') ? text.slice(1) : text
  if (!/\.ya?ml$/i.test(file)) return withHalfCharacters(parseJson(content, file))
  // Loaded on demand: most jobs are JSON, and start-up time counts.
  const { parseYaml } = await import('./parse-yaml.ts')
  return withHalfCharacters(parseYaml(content, file))
}
