import { ApiProblem } from './api-problem.ts';
import { didYouMean } from './near-matches.ts';

/**
 * Does `use`. When the name turns out not to exist, the failure says which similar ones do, or how to see them all.
 * `known` is only asked for then; that it fails hides nothing.
 */
export async function withSuggestions<T>(
  name: string,
  known: { readonly names: () => Promise<readonly string[]>; readonly listCommand: string },
  use: () => Promise<T>,
): Promise<T> {
  try {
    return await use();
  } catch (error) {
    // 400: the text cannot be a name at all, such as `HQ` for `hq`.
    if (!(error instanceof ApiProblem) || (error.status !== 404 && error.status !== 400)) throw error;
    const near = didYouMean(name, await known.names().catch(() => []));
    throw error.withNext(near === undefined ? `See which there are: ${known.listCommand}.` : `${near} All of them: ${known.listCommand}.`);
  }
}
