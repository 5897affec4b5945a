/**
 * Runs an action that brings something up to date, when it is asked to, and never twice at once. However often it is asked
 * for while it runs, it runs once more afterwards: what it did last is what was true last.
 * @param action must not reject
 * @returns asks for it
 */
export function oneAtATime(action: () => Promise<void>): () => void {
  let running = false;
  let askedFor = false;
  const run = async (): Promise<void> => {
    running = true;
    while (askedFor) {
      askedFor = false;
      await action();
    }
    running = false;
  };
  return () => {
    askedFor = true;
    if (!running) void run();
  };
}
