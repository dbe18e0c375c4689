/**
 * Reads one item ahead: while the caller works on an item, the next one is already being made. Never more than one, so
 * memory stays bounded. `abandon` is called when the caller stops early; it must make a pending read end.
 */
export async function* prefetchOne<T>(items: AsyncIterable<T>, abandon: () => void): AsyncGenerator<T, void, void> {
  const iterator = items[Symbol.asyncIterator]();
  const read = () => {
    const next = iterator.next();
    // Looked at by the next turn of the loop; until then a failure must not count as unhandled.
    next.catch(() => undefined);
    return next;
  };
  let finished = false;
  try {
    let next = read();
    for (;;) {
      const item = await next;
      if (item.done === true) break;
      next = read();
      yield item.value;
    }
    finished = true;
  } finally {
    if (!finished) {
      abandon();
      await iterator.return?.().catch(() => undefined);
    }
  }
}
