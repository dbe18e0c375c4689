import { ApiProblem } from '../api-problem.ts';

/** What the API finds; undefined: there is none. */
export async function whenThere<T>(find: () => Promise<T>): Promise<T | undefined> {
  try {
    return await find();
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 404) return undefined;
    throw error;
  }
}
