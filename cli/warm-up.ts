/** DuckDB takes a while to load: time in which other threads decode, or the command loads what it needs. */
export function warmDatabase(): void {
  import('../analyzer/database.js').then(
    ({ warmUp }) => warmUp(),
    () => undefined, // whoever needs it hears of it
  );
}
