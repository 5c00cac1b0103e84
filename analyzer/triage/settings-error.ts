/** A baseline, a list of suppressions or a configuration that cannot be used. */
export class SettingsError extends Error {
  constructor(problem: string, advice: string) {
    super(`${problem}\n${advice}`);
    this.name = 'SettingsError';
  }
}
