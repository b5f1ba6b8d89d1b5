/** Standard Schema v1 (standardschema.dev), as far as it is used: zod, valibot, arktype and others speak it. */
export interface StandardSchema<Output = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    validate(value: unknown): SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Whether a value speaks Standard Schema v1. */
export function isStandardSchema(value: unknown): value is StandardSchema {
  const standard = (value as Partial<StandardSchema> | null | undefined)?.["~standard"];
  return standard?.version === 1 && typeof standard.validate === "function";
}

/** Issues as JSON: path segments are names or numbers. */
export function plainIssues(
  issues: readonly SchemaIssue[],
): { message: string; path?: (string | number)[] }[] {
  return issues.map(({ message, path }) =>
    path === undefined ? { message } : { message, path: path.map((segment) => plainSegment(segment)) },
  );
}

function plainSegment(segment: PropertyKey | { readonly key: PropertyKey }): string | number {
  const key = typeof segment === "object" ? segment.key : segment;
  return typeof key === "number" ? key : String(key);
}
