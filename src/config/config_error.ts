/** One thing that is wrong with a config. */
export interface ConfigProblem {
  /** Where, such as `listeners[1].port`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/** A config that cannot be used. The message names the source and every path; exit status 78. */
export class ConfigError extends Error {
  override name = "ConfigError";
  constructor(readonly source: string, readonly problems: readonly ConfigProblem[], options?: ErrorOptions) {
    super(
      problems.map(({ path, message }) => `${source}: ${path === "" ? "" : `${path}: `}${message}`).join("\n"),
      options,
    );
  }
}
